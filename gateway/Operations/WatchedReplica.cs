using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>
/// One replica, as it tells of itself: asked again at once when it has ended the watch in good order, and every second while nothing is heard. Thread-safe.
/// </summary>
internal abstract class WatchedReplica(SuiteReplica replica, TimeProvider time)
{
    // A second's silence is usual, or two, several are not, whatever the connection says.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private readonly DateTimeOffset since = time.GetUtcNow();
    private volatile Heard? heard;

    /// <summary>The service that is expected there.</summary>
    public string Service => replica.Service;

    /// <summary>Where it is.</summary>
    public Uri Address => replica.Address;

    /// <summary>Since when nothing is heard of it; null while it is heard, and when it has only just been asked.</summary>
    public DateTimeOffset? LostSince
    {
        get
        {
            var last = heard;
            var from = last?.At ?? since;
            return last is { IsOver: true } || time.GetUtcNow() - from > Silence ? from : null;
        }
    }

    /// <summary>Listens until stopped. Never throws.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // Whoever starts it holds a lock.
        await Task.Yield();
        using var held = replica.Connect();
        while (!stop.IsCancellationRequested)
        {
            var before = heard;
            try
            {
                await ListenAsync(held.Channel, stop);
            }
            catch (RpcException)
            {
                // It has left, its watch is over, or it cannot be reached: the next attempt shows which.
            }

            if (stop.IsCancellationRequested || heard != before)
                continue;
            if (before is { IsOver: false })
                heard = before with { IsOver = true };
            await Task.Delay(AskAgain, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Watches once, and calls <see cref="Hear"/> whenever something was told.</summary>
    /// <exception cref="RpcException">The watch has ended.</exception>
    protected abstract Task ListenAsync(GrpcChannel channel, CancellationToken stop);

    /// <summary>It was heard just now.</summary>
    protected void Hear() => heard = new Heard(time.GetUtcNow(), IsOver: false);

    private sealed record Heard(DateTimeOffset At, bool IsOver);
}

/// <summary>A replica, as it tells how it is doing (WatchProcess). Thread-safe.</summary>
internal sealed class WatchedProcess(SuiteReplica replica, TimeProvider time) : WatchedReplica(replica, time)
{
    private volatile ProcessStatus? status;

    /// <summary>What it last said; null before.</summary>
    public ProcessStatus? Status => status;

    protected override async Task ListenAsync(GrpcChannel channel, CancellationToken stop)
    {
        using var watch = new OperationsService.OperationsServiceClient(channel).WatchProcess(new WatchProcessRequest(), cancellationToken: stop);
        await foreach (var said in watch.ResponseStream.ReadAllAsync(CancellationToken.None))
        {
            status = said.Process;
            Hear();
        }
    }
}
