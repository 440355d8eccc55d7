using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// One event stream at the server, from its first frame to its end: a loop that reads, a loop that writes, one that pulls for each
/// subscription, and a clock that watches over them. The end in good order: the server says bye (or the client has nothing left to
/// wait for), the client half-closes, the server reads that, the stream ends OK. Returning before would reset the stream.
/// </summary>
internal sealed class EventStreamSession<TRequest, TSubscription>(
    IAsyncStreamReader<TRequest> requests,
    EventFrameWriter writer,
    OutboundQueue queue,
    SubscriptionTable<TSubscription> subscriptions,
    EventStreamServerOptions options,
    EventServerMetrics metrics,
    string method,
    ServerCallContext context,
    TimeProvider time,
    ILogger logger)
    where TRequest : class, IEventRequestFrame<TSubscription>
    where TSubscription : class, IEventSubscription
{
    private readonly TaskCompletionSource<bool> _leave = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _timeUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AsyncSignal _room = new();
    private readonly long _ageLimit = time.GetTimestamp() + Timestamps.From(Jitter.Age(options.MaxAge), time);
    private long _leaveAt = long.MaxValue;
    private long _endBy = long.MaxValue;
    private long _lastRead = time.GetTimestamp();
    private long _lastHeartbeat;
    private long _reportedBytes;
    private volatile bool _halfClosed;

    /// <summary>Returns when the stream has ended and nothing of it is left.</summary>
    /// <exception cref="RpcException">The stream did not end in good order.</exception>
    internal async Task RunAsync(TimeSpan half, CancellationToken drain)
    {
        var drainTimeout = Shorter(options.DrainTimeout, half);
        using var reading = new CancellationTokenSource();
        await using var draining = drain.UnsafeRegister(
            _ => Volatile.Write(ref _leaveAt, time.GetTimestamp() + Timestamps.From(Jitter.Below(Shorter(options.DrainWindow, half)), time)), null);
        await using var aborted = context.CancellationToken.UnsafeRegister(_ => subscriptions.CancelAll(), null);

        var write = writer.RunAsync(context.CancellationToken);
        var read = ReadAsync(reading.Token);
        await Task.WhenAny(subscriptions.Finished, write, _broken.Task, _leave.Task, _silent.Task, _stalled.Task);
        subscriptions.CancelAll();
        var leaving = _leave.Task.IsCompleted && !_silent.Task.IsCompleted && !_broken.Task.IsCompleted;
        if (leaving)
            metrics.Drained();
        if (leaving)
            Volatile.Write(ref _endBy, time.GetTimestamp() + Timestamps.From(drainTimeout, time));
        queue.Complete(leaving ? EventFrame.Draining(new Draining { ReconnectAfter = Duration.FromTimeSpan(await _leave.Task ? options.ReconnectAfter : TimeSpan.Zero) }) : null);
        // Who is about to leave has no time for a reader that is allowed to stall for longer.
        await Task.WhenAny(write, _stalled.Task, _timeUp.Task);
        if (leaving && write.IsCompleted)
            await Task.WhenAny(read, _timeUp.Task);

        var stalled = !write.IsCompleted;
        if (stalled)
            CutOff();
        else if (leaving && !read.IsCompleted)
            EventStreamLog.DrainTimedOut(logger, method, context.Peer, drainTimeout);
        else if (_silent.Task.IsCompleted)
            EventStreamLog.Silent(logger, method, context.Peer, options.ClientTimeout);
        await reading.CancelAsync();
        _room.Set();
        var readError = await read;
        var writeError = await write;
        queue.Clear();
        await subscriptions.StoppedAsync();
        if (stalled)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "The client does not read."));
        if (readError is RpcException invalid)
            throw invalid;
        if (writeError is not null || context.CancellationToken.IsCancellationRequested)
            throw new RpcException(new Status(StatusCode.Cancelled, "The client is gone."));
        if (_silent.Task.IsCompleted)
            throw new RpcException(new Status(StatusCode.Unavailable, "The client was silent for too long."));
    }

    /// <summary>Measures what was written and what waits. Not frame by frame: that would cost as much as the frames themselves.</summary>
    internal void Report()
    {
        var bytes = queue.Bytes;
        if (bytes != Volatile.Read(ref _reportedBytes))
            metrics.Queued(bytes - Interlocked.Exchange(ref _reportedBytes, bytes));
        if (!writer.HasWritten)
            return;
        var (frames, events) = writer.TakeWritten();
        metrics.Written(frames, events);
    }

    /// <summary>Called by the clock.</summary>
    internal void Tick()
    {
        Report();
        var now = time.GetTimestamp();
        if (writer.WritingSince is var since and not 0 && time.GetElapsedTime(since, now) > options.WriteTimeout)
            _stalled.TrySetResult();
        if (now > Volatile.Read(ref _leaveAt))
            _leave.TrySetResult(true);
        else if (now > _ageLimit)
            _leave.TrySetResult(false);
        if (now > Volatile.Read(ref _endBy))
            _timeUp.TrySetResult();
        if (!_halfClosed && time.GetElapsedTime(Volatile.Read(ref _lastRead), now) > options.ClientTimeout)
            _silent.TrySetResult();
        if (writer.WritingSince == 0 && time.GetElapsedTime(Math.Max(writer.LastWrite, _lastHeartbeat), now) > options.HeartbeatInterval)
        {
            _lastHeartbeat = now;
            queue.Add(EventFrame.Heartbeat());
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private async Task<Exception?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await requests.MoveNext(cancellationToken))
            {
                Volatile.Write(ref _lastRead, time.GetTimestamp());
                await HandleAsync(requests.Current);
                // Answers to bad requests are queued, too: who does not read them is not read.
                while (!cancellationToken.IsCancellationRequested && queue.MustWait(_room))
                    await _room.WaitAsync();
            }

            _halfClosed = true;
            subscriptions.FinishWhenEmpty();
            return null;
        }
        catch (Exception e)
        {
            _broken.TrySetResult();
            return e;
        }
    }

    private async ValueTask HandleAsync(TRequest frame)
    {
        if (frame.Subscribe is { } subscription)
            subscriptions.Add(subscription);
        else if (frame.Unsubscribe is { } unsubscribe)
            subscriptions.Remove(unsubscribe.SubscriptionId);
        else if (frame.Ack is { } ack)
            await subscriptions.AcknowledgeAsync(ack.SubscriptionId, ack.Cursor);
        else if (frame.Heartbeat is null)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "A frame says nothing."));
    }

    /// <summary>From outside the writer, which waits for a client that does not read: what is buffered for it is released.</summary>
    private void CutOff()
    {
        metrics.CutOff();
        EventStreamLog.CutOff(logger, method, context.Peer, options.WriteTimeout);
        context.CutOff();
    }
}
