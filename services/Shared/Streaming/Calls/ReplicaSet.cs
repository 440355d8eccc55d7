using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>Follows the source of replicas: starts a <see cref="Replica{TCall, TResult}"/> for each that appears, ends it when it disappears.</summary>
internal sealed class ReplicaSet<TCall, TResult>(
    IReplicaSource source,
    StreamTable<TCall, TResult> streams,
    Func<Uri, ReplicaConnection<TCall, TResult>> connect,
    CallStreamClientOptions options,
    TimeProvider time,
    AwayReplicas away,
    ILogger logger)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);
    private readonly Dictionary<Uri, (CancellationTokenSource Gone, Task Task)> _replicas = [];
    private readonly List<Task> _leaving = [];
    private readonly SingleWaiterAutoResetEvent _broken = new();

    /// <summary>Runs until stopped; then ends every stream in good order.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        await using var wake = stop.UnsafeRegister(static wakeUp => ((SingleWaiterAutoResetEvent)wakeUp!).Set(), _broken);
        // One timer for all rounds: it sets the same event as a stream that broke.
        await using var timer = time.CreateTimer(static wakeUp => ((SingleWaiterAutoResetEvent)wakeUp!).Set(), _broken, options.DiscoveryInterval, options.DiscoveryInterval);
        while (!stop.IsCancellationRequested)
        {
            await RefreshAsync(stop);
            await Task.Delay(MinInterval < options.DiscoveryInterval ? MinInterval : options.DiscoveryInterval, time, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _broken.WaitAsync();
        }

        foreach (var address in _replicas.Keys.ToArray())
            await RemoveAsync(address);
        await Task.WhenAll(_leaving);
    }

    private async Task RefreshAsync(CancellationToken stop)
    {
        try
        {
            var found = await source.ResolveAsync(stop);
            away.Resolved(options.Addresses);
            foreach (var address in _replicas.Keys.Except(found).ToArray())
                await RemoveAsync(address);
            foreach (var address in found)
                Add(address);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            away.NotResolved(options.Addresses, e);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the loop ends.
        }

        if (_replicas.Count == 0)
            streams.Unreachable();
    }

    private void Add(Uri address)
    {
        if (_replicas.ContainsKey(address))
            return;
        var gone = new CancellationTokenSource();
        var replica = new Replica<TCall, TResult>(address, streams, connect(address), options, time, away, logger, _broken.Set);
        _replicas.Add(address, (gone, replica.RunAsync(gone.Token)));
        CallStreamLog.ReplicaAdded(logger, address);
    }

    private async Task RemoveAsync(Uri address)
    {
        if (!_replicas.Remove(address, out var replica))
            return;
        await replica.Gone.CancelAsync();
        _leaving.RemoveAll(t => t.IsCompleted);
        _leaving.Add(replica.Task);
        away.Forget(address);
        CallStreamLog.ReplicaRemoved(logger, address);
    }
}
