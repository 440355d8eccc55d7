using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Keeps one stream open to one replica for as long as the replica is known: connects again with backoff, replaces an old stream by a fresh one
/// before it retires it, and stays away from a replica that drains for as long as that asks. A wait is cut short when no other replica is
/// left, but not again within the longest backoff.
/// </summary>
internal sealed class Replica<TCall, TResult>(
    Uri address,
    StreamTable<TCall, TResult> streams,
    ReplicaConnection<TCall, TResult> connection,
    CallStreamClientOptions options,
    TimeProvider time,
    AwayReplicas away,
    ILogger logger,
    Action onGone)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly Backoff _backoff = new(options.ReconnectBackoff, options.MaxReconnectBackoff);
    private readonly List<Task> _retiring = [];
    private Running? _old;
    private long? _retriedEarly;

    /// <summary>Runs until the token says that the replica is gone; then ends in good order. Never throws.</summary>
    internal async Task RunAsync(CancellationToken gone)
    {
        while (!gone.IsCancellationRequested)
            await DelayAsync(await RunStreamAsync(gone), gone);
        RetireOld();
        await Task.WhenAll(_retiring);
        connection.Dispose();
    }

    /// <summary>One stream, from opening to its end or its replacement. Returns how long to wait before the next.</summary>
    private async Task<TimeSpan> RunStreamAsync(CancellationToken gone)
    {
        var stream = new ReplicaStream<TCall, TResult>(streams, connection, this);
        var running = new Running(stream, stream.RunAsync());
        using var done = CancellationTokenSource.CreateLinkedTokenSource(gone);
        var started = time.GetTimestamp();
        await Task.WhenAny(stream.Link.Ready, running.Task, Task.Delay(options.ConnectTimeout, time, done.Token));
        // Asked once: it may become ready just as it is given up, and then it has not broken.
        var isReady = stream.Link.Ready.IsCompleted;
        if (!isReady)
        {
            await stream.AbortAsync();
        }
        else
        {
            away.Reached(address);
            RetireOld();
        }

        await Task.WhenAny(running.Task, stream.Link.Leaving, Task.Delay(Jitter.Shorten(options.MaxAge), time, done.Token));
        await done.CancelAsync();
        if (stream.Link.Leaving.IsCompleted || gone.IsCancellationRequested)
        {
            Retire(running);
            if (stream.Link.Leaving.IsCompleted)
                away.Left(address);
            // A successor may be there already: the replicas are resolved again.
            onGone();
            return stream.Link.Leaving.IsCompleted ? await stream.Link.Leaving : TimeSpan.Zero;
        }

        if (!running.Task.IsCompleted)
        {
            _old = running;
            return TimeSpan.Zero;
        }

        var cause = await running.Task;
        CallStreamLog.StreamEnded(logger, address, cause);
        if (isReady)
            away.Broke(address, cause);
        else
            away.Missed(address, cause);
        stream.Dispose();
        onGone();
        if (isReady && time.GetElapsedTime(started) > options.MaxReconnectBackoff)
            _backoff.Reset();
        return _backoff.Next();
    }

    /// <summary>Retires the old stream, which has served until its successor was ready.</summary>
    private void RetireOld()
    {
        if (_old is { } old)
            Retire(old);
        _old = null;
    }

    private void Retire(Running running)
    {
        _retiring.RemoveAll(t => t.IsCompleted);
        _retiring.Add(EndAsync(running));
    }

    private async Task EndAsync(Running running)
    {
        streams.Retire(running.Stream.Link);
        using var done = new CancellationTokenSource();
        await Task.WhenAny(running.Task, Task.Delay(options.DrainTimeout, time, done.Token));
        await done.CancelAsync();
        await running.Stream.AbortAsync();
        await running.Task;
        running.Stream.Dispose();
    }

    private async Task DelayAsync(TimeSpan delay, CancellationToken gone)
    {
        if (delay <= TimeSpan.Zero)
            return;
        var starving = streams.Starving;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(gone);
        var waited = Task.Delay(delay, time, over.Token);
        if (_retriedEarly is { } last && time.GetElapsedTime(last) < options.MaxReconnectBackoff)
            await waited.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        else if (await Task.WhenAny(waited, starving) == starving)
            RetryEarly();
        await over.CancelAsync();
    }

    private void RetryEarly()
    {
        _retriedEarly = time.GetTimestamp();
        _backoff.Reset();
    }

    private sealed record Running(ReplicaStream<TCall, TResult> Stream, Task<Exception?> Task);
}
