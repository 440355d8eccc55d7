using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// One event stream at the server, from its first frame to its end: a loop that reads, a loop that writes, one that pulls for each
/// subscription, and a clock that watches over them. It waits for all of them by one signal and has nothing that it does not use while
/// nothing happens: there are tens of thousands of it. The end in good order: the server says bye (or the client has nothing left to
/// wait for), the client half-closes, the server reads that, the stream ends OK. Returning before would reset the stream.
/// </summary>
internal sealed class EventStreamSession<TRequest> : ITimedStream
    where TRequest : class, IEventRequestFrame
{
    private static readonly TimeSpan PressedTimeout = TimeSpan.FromSeconds(1);
    private readonly EventStreamParts<TRequest> _parts;
    private readonly ServerCallContext _context;
    private readonly CancellationToken _drain;
    private readonly TimeSpan _half;
    private readonly OutboundQueue _queue;
    private readonly QueuedBytes _queued;
    private readonly EventFrameWriter _writer;
    private readonly SubscriptionTable<TRequest> _subscriptions;
    private readonly StreamRequests<TRequest> _requests;
    private readonly StreamEnd _end = new();
    private readonly long _ageLimit;
    private readonly long _openedAt;
    private long _sent;
    private long _leaveAt = long.MaxValue;
    private long _endBy = long.MaxValue;
    private long _lastHeartbeat;

    internal EventStreamSession(
        EventStreamParts<TRequest> parts, IAsyncStreamReader<TRequest> requests, ServerCallContext context, TimeSpan half, CancellationToken drain)
    {
        (_parts, _context, _half, _drain) = (parts, context, half, drain);
        _queue = new(Options.MaxQueuedBytes);
        _queued = new(Metrics.Queued);
        _writer = new(context.GetHttpContext().Response.BodyWriter, _queue, Options.MaxFlushBytes, Time, _end, _parts.Method);
        _subscriptions = new(parts, context, _queue, _end);
        _requests = new(requests, context, _subscriptions, _queue, _end, Time);
        _openedAt = Time.GetUtcNow().Ticks;
        _ageLimit = Time.GetTimestamp() + ClockTicks.From(Jitter.Shorten(Options.MaxAge), Time);
    }

    private EventStreamServerOptions Options => _parts.Options;

    private EventServerMetrics Metrics => _parts.Metrics;

    private TimeProvider Time => _parts.Time;

    /// <summary>Shorter while too much waits on all streams together: those that stall then go, and those that read do not notice.</summary>
    private TimeSpan WriteTimeout => _parts.Total.Bytes > Options.MaxTotalQueuedBytes ? Shorter(Options.WriteTimeout, PressedTimeout) : Options.WriteTimeout;

    private TimeSpan DrainTimeout => Shorter(Options.DrainTimeout, _half);

    /// <summary>Returns when the stream has ended and nothing of it is left.</summary>
    /// <exception cref="RpcException">The stream did not end in good order.</exception>
    internal async Task RunAsync()
    {
        // Tells the client that the stream stands, also while there is no event.
        await _context.WriteResponseHeadersAsync([]);
        Metrics.Streams(1);
        var ticking = _parts.Clock.Add(this);
        try
        {
            var write = _writer.RunAsync(_context.CancellationToken);
            var read = _requests.RunAsync();
            await ServeAsync();
            var stalled = await LeaveAsync();
            _requests.Stop();
            var (readError, writeError) = (await read, await write);
            _queue.Clear();
            while (!_subscriptions.IsStopped)
                await _end.WaitAsync();
            if (ErrorOf(stalled, readError, writeError) is { } error)
                throw error;
        }
        finally
        {
            await _requests.ReleaseAsync();
            _parts.Clock.Remove(ticking);
            lock (_end)
                _end.Raise(StreamEvents.Gone);
            Report();
            // The clock may be at it still.
            _queued.End();
            Metrics.Streams(-1);
        }
    }

    /// <summary>Returns when the stream is to end.</summary>
    private async Task ServeAsync()
    {
        while (!_writer.HasEnded && !_subscriptions.IsFinished && !_end.Has(StreamEvents.Broken | StreamEvents.Leaving | StreamEvents.Silent | StreamEvents.Stalled | StreamEvents.Unwelcome | StreamEvents.Stopped))
            await _end.WaitAsync();
        _subscriptions.CancelAll();
    }

    /// <summary>Writes what waits, and if the stream is about to leave, has the client half-close. True when the client does not read.</summary>
    private async Task<bool> LeaveAsync()
    {
        var isLeaving = _end.Has(StreamEvents.Leaving) && !_end.Has(StreamEvents.Silent | StreamEvents.Broken | StreamEvents.Unwelcome | StreamEvents.Stopped);
        if (isLeaving)
            AskToLeave();
        else
            _queue.Complete();
        if (_end.Has(StreamEvents.Stopped))
            EndBy();
        // A stream that is about to leave has no time for a reader that would be allowed to stall for longer.
        while (!_writer.HasEnded && !_end.Has(StreamEvents.Stalled | StreamEvents.TimeUp))
            await _end.WaitAsync();
        while (isLeaving && _writer.HasEnded && !_end.Has(StreamEvents.ReadingEnded | StreamEvents.TimeUp))
            await _end.WaitAsync();

        if (!_writer.HasEnded)
        {
            CutOff();
            return true;
        }

        if (isLeaving && !_end.Has(StreamEvents.ReadingEnded))
            EventStreamLog.DrainTimedOut(_parts.Logger, _parts.Method, _context.Peer, DrainTimeout);
        else if (_end.Has(StreamEvents.Silent))
            EventStreamLog.Silent(_parts.Logger, _parts.Method, _context.Peer, Options.ClientTimeout);
        return false;
    }

    /// <summary>Tells the client to go; from now on its time is limited.</summary>
    private void AskToLeave()
    {
        Metrics.Drained();
        EndBy();
        var reconnectAfter = _end.Has(StreamEvents.Drained) ? Options.ReconnectAfter : TimeSpan.Zero;
        _queue.Complete(EventFrame.Draining(new Draining { ReconnectAfter = Duration.FromTimeSpan(reconnectAfter) }));
    }

    private void EndBy() => Volatile.Write(ref _endBy, Time.GetTimestamp() + ClockTicks.From(DrainTimeout, Time));

    /// <summary>From outside the writer, which waits for a client that does not read: what is buffered for it is released.</summary>
    private void CutOff()
    {
        Metrics.CutOff();
        EventStreamLog.CutOff(_parts.Logger, _parts.Method, _context.Peer, Options.WriteTimeout);
        _context.GetHttpContext().CutOff();
    }

    private RpcException? ErrorOf(bool stalled, Exception? readError, Exception? writeError)
    {
        if (_end.Has(StreamEvents.Stopped))
            return StoppedStream.Error(_end.Has(StreamEvents.Barred));
        if (stalled)
            return new RpcException(new Status(StatusCode.ResourceExhausted, "The client does not read."));
        if (readError is not null && RequestFraming.ErrorOf(readError, _context) is { } invalid)
            return invalid;
        if (_end.Has(StreamEvents.Unwelcome) && _subscriptions.Rights!.Ending() is { } ending)
            return ending.ToRpcException();
        if (writeError is not null || _context.CancellationToken.IsCancellationRequested)
            return new RpcException(new Status(StatusCode.Cancelled, "The client is gone."));
        return _end.Has(StreamEvents.Silent) ? new RpcException(new Status(StatusCode.Unavailable, "The client was silent for too long.")) : null;
    }

    public OpenStream? Describe()
    {
        // While it is held the method does not return, after which the server gives the request to another stream.
        lock (_end)
        {
            if (_end.Has(StreamEvents.Gone))
                return null;
            var stream = new OpenStream
            {
                StreamId = StreamIds.Of(_context.GetHttpContext()),
                Kind = StreamKind.Event,
                Method = _parts.Method,
                User = _subscriptions.Rights?.Caller ?? "",
                Peer = _context.Peer,
                OpenTime = Timestamp.FromDateTime(new DateTime(_openedAt, DateTimeKind.Utc)),
                LastSendTime = Timestamp.FromDateTimeOffset(Time.GetUtcNow() - Time.GetElapsedTime(_writer.LastWrite)),
                TokenExpireTime = _subscriptions.Rights is { } rights ? Timestamp.FromDateTimeOffset(rights.Expires) : null,
                QueuedBytes = _queue.Bytes,
                Sent = Interlocked.Read(ref _sent),
                Draining = _end.Has(StreamEvents.Leaving),
            };
            _subscriptions.Describe(stream);
            return stream;
        }
    }

    public bool TryDrain()
    {
        _end.Raise(StreamEvents.Asked);
        return true;
    }

    public void End(bool forGood) => _end.Raise(forGood ? StreamEvents.Barred : StreamEvents.Ended);

    /// <summary>Called by the clock: looks whether something has taken too long.</summary>
    void ITimedStream.Tick()
    {
        if (!_writer.HasWritten)
            _queue.Trim();
        Report();
        var now = Time.GetTimestamp();
        if (_writer.WritingSince is var since and not 0 && Time.GetElapsedTime(since, now) > WriteTimeout)
            _end.Raise(StreamEvents.Stalled);
        if (_leaveAt == long.MaxValue && _drain.IsCancellationRequested)
            _leaveAt = now + ClockTicks.From(Jitter.UpTo(Shorter(Options.DrainWindow, _half)), Time);
        if (now > _leaveAt)
            _end.Raise(StreamEvents.Drained);
        else if (now > _ageLimit)
            _end.Raise(StreamEvents.Aged);
        if (now > Volatile.Read(ref _endBy))
            _end.Raise(StreamEvents.TimeUp);
        if (_subscriptions.Rights?.Ending() is not null)
            _end.Raise(StreamEvents.Unwelcome);
        if (_requests.IsSilent(Options.ClientTimeout, now))
            _end.Raise(StreamEvents.Silent);
        if (_writer.WritingSince == 0 && Time.GetElapsedTime(Math.Max(_writer.LastWrite, _lastHeartbeat), now) > Options.HeartbeatInterval)
        {
            _lastHeartbeat = now;
            _queue.Add(EventFrame.Heartbeat());
        }
    }

    /// <summary>Measures what was written and what waits. Not frame by frame: that would cost as much as the frames themselves.</summary>
    private void Report()
    {
        _queued.Report(_queue.Bytes);
        if (!_writer.HasWritten)
            return;
        var (frames, events) = _writer.TakeWritten();
        Interlocked.Add(ref _sent, events);
        Metrics.Written(frames, events);
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
