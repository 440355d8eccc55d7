using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>
/// One replica, as it tells of itself (WatchProcess): asked again at once when it has ended the watch in good order, and every second while nothing is heard. Thread-safe.
/// </summary>
internal sealed class WatchedReplica(string service, Uri address, Func<GrpcChannel> connect, TimeProvider time)
{
    // A second's silence is usual, several are not, whatever the connection says.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private readonly DateTimeOffset since = time.GetUtcNow();
    private volatile Heard? heard;

    /// <summary>The service that is expected there.</summary>
    public string Service => service;

    /// <summary>Where it is.</summary>
    public Uri Address => address;

    /// <summary>What it last said; null before.</summary>
    public ProcessStatus? Status => heard?.Status;

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
        using var channel = connect();
        var client = new OperationsService.OperationsServiceClient(channel);
        while (!stop.IsCancellationRequested)
        {
            var before = heard;
            try
            {
                using var watch = client.WatchProcess(new WatchProcessRequest(), cancellationToken: stop);
                await foreach (var said in watch.ResponseStream.ReadAllAsync(CancellationToken.None))
                    heard = new Heard(said.Process, time.GetUtcNow(), IsOver: false);
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

    private sealed record Heard(ProcessStatus Status, DateTimeOffset At, bool IsOver);
}
