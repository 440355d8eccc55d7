using Microservices.Primitives;
using Microsoft.AspNetCore.Http;

namespace Microservices.Hosting.Admission;

/// <summary>
/// While more waits for the pool's threads than they soon get done, requests begin in turns: callers' addresses take them, and the connections of each. Otherwise a caller who
/// sends all that its connections may at once would be served to the end before the one who comes next, whatever <see cref="CallAdmission"/> lets in later.
/// What a process does on streams that are open is not held up.
/// </summary>
internal sealed class TurnsMiddleware(RequestDelegate next)
{
    // What waits before turns are taken: some 10 ms of usual requests for each processor.
    private static readonly int Most = 100 * Environment.ProcessorCount;
    private readonly FairTurns turns = new();

    public Task InvokeAsync(HttpContext http) => ThreadPool.PendingWorkItemCount <= Most ? next(http) : WaitAsync(http);

    private async Task WaitAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        await turns.WaitAsync(caller.Address, caller.Connection);
        await next(http);
    }
}
