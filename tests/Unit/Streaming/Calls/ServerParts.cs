using System.Diagnostics.Metrics;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming.Calls;

/// <summary>One stream at its callee, without a transport, on a clock that the test moves.</summary>
internal sealed class ServerParts : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public ServerParts(int credit = 10, ICallInterceptor? interceptor = null, Action? cut = null, IStreamRights? rights = null) =>
        Stream = new(
            UsersService.LookupUsers,
            new CallStreamServerOptions { Credit = credit, MaxBatch = Math.Max(256, credit) },
            new CallServerMetrics(services.GetRequiredService<IMeterFactory>(), "test"),
            Time,
            interceptor,
            cut,
            rights);

    public FakeTimeProvider Time { get; } = new();

    public CallStreamState<LookupUsersCall, LookupUsersResult> Stream { get; }

    /// <summary>Calls arrive, each with as many milliseconds as are given; 0 for no deadline.</summary>
    public void Arrive(uint timeoutMs, params ulong[] ids) =>
        Stream.Accept(new LookupUsersRequest { Calls = { ids.Select(id => new LookupUsersCall { CallId = id, UserId = $"u{id}", TimeoutMs = timeoutMs }) } });

    public void Cancel(params ulong[] ids) => Stream.Accept(new LookupUsersRequest { CancelCallIds = { ids } });

    /// <summary>The batch of what has arrived.</summary>
    public CallBatch<LookupUsersCall, LookupUsersResult> TakeBatch(CancellationTokenSource running)
    {
        var batch = new CallBatch<LookupUsersCall, LookupUsersResult>(Stream.Calls, null!, null!);
        Stream.TakeBatch(batch, running);
        return batch;
    }

    /// <summary>The answers for the writer, by id; null for a good one.</summary>
    public (ulong Id, StatusCode? Error)[] TakeAnswers()
    {
        var taken = new List<LookupUsersResult>();
        Stream.Calls.TakeAnswers(ref taken, out _, out _);
        return [.. taken.Select(answer => (answer.CallId, (StatusCode?)answer.Error?.Code))];
    }

    public void Dispose()
    {
        Stream.Dispose();
        services.Dispose();
    }
}
