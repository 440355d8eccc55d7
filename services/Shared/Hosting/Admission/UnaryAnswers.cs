using System.IO.Pipelines;
using Microservices.Primitives;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Admission;

/// <summary>
/// Waits until the answers of unary gRPC calls are read. gRPC hands an answer to the server as a whole and ends the call, and the server would keep
/// it for as long as its reader likes; here it is counted in the <see cref="AnswerBudget"/>, and the call is cut off when it is not read in
/// time. Answers that fit into <see cref="ServerBuffer"/> are not waited for: they are bounded by the 100 calls that a connection may
/// have, and by the number of connections (<see cref="ConnectionLimit"/>). Thread-safe.
/// </summary>
internal sealed partial class UnaryAnswers(AnswerBudget budget, IOptions<AdmissionOptions> options, TimeProvider time, ILogger<UnaryAnswers> logger)
{
    /// <summary>What the server takes of a call's answer without waiting for its reader, in bytes.</summary>
    public const int ServerBuffer = 8 * 1024;

    // What the server holds for a call beside its answer, about.
    private const int CallBytes = 8 * 1024;

    /// <summary>Runs a unary call, and returns when its answer is on its way.</summary>
    public async Task ServeAsync(HttpContext http, RequestDelegate call)
    {
        await call(http);
        // Written, but not flushed: that is left to the end of the call, together with the status.
        var bytes = http.Response.BodyWriter.UnflushedBytes;
        if (bytes <= ServerBuffer)
            return;
        var flush = http.Response.BodyWriter.FlushAsync(http.RequestAborted).AsTask();
        if (!flush.IsCompletedSuccessfully)
            await WaitAsync(http, flush, bytes + CallBytes);
    }

    private async Task WaitAsync(HttpContext http, Task<FlushResult> flush, long bytes)
    {
        using var hold = budget.Begin(http);
        if (!hold.TryTake(bytes))
            http.CutOff();
        try
        {
            await flush.WaitAsync(options.Value.WriteTimeout, time);
        }
        catch (TimeoutException)
        {
            LogLate(http.Request.Path, options.Value.WriteTimeout);
            http.CutOff();
        }
        catch (OperationCanceledException)
        {
            // It was cut off, or its caller is gone.
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Path}: the caller has not read the answer within {Timeout}; the call is cut off")]
    private partial void LogLate(string path, TimeSpan timeout);
}
