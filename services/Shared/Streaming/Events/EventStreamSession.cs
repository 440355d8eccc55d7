using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// One event stream at the server, from its first frame to its end: a loop that reads, a loop that writes, one that pulls for each
/// subscription, and a clock that watches over them. It waits for all of them by one signal and has nothing that it does not use while
/// nothing happens: there are tens of thousands of it. The end in good order: the server says bye (or the client has nothing left to
/// wait for), the client half-closes, the server reads that, the stream ends OK. Returning before would reset the stream.
/// </summary>
internal sealed class EventStreamSession<TRequest>
    where TRequest : class, IEventRequestFrame
{
    private static readonly TimeSpan PressedTimeout = TimeSpan.FromSeconds(1);
    private readonly EventStreamParts<TRequest> _parts;
    private readonly IAsyncStreamReader<TRequest> _requests;
    private readonly ServerCallContext _context;
    private readonly CancellationToken _drain;
    private readonly TimeSpan _half;
    private readonly OutboundQueue _queue;
    private readonly QueuedBytes _queued;
    private readonly EventFrameWriter _writer;
    private readonly SubscriptionTable<TRequest> _subscriptions;
    private readonly SingleWaiterAutoResetEvent _changed = new();
    private readonly long _ageLimit;
    private SingleWaiterAutoResetEvent? _room;
    private CancellationTokenRegistration _aborted;
    private int _happened;
    private long _leaveAt = long.MaxValue;
    private long _endBy = long.MaxValue;
    private long _lastRead;
    private long _lastHeartbeat;
    private volatile bool _heldBack;

    internal EventStreamSession(
        EventStreamParts<TRequest> parts, IAsyncStreamReader<TRequest> requests, ServerCallContext context, TimeSpan half, CancellationToken drain)
    {
        (_parts, _requests, _context, _half, _drain) = (parts, requests, context, half, drain);
        _queue = new(Options.MaxQueuedBytes);
        _queued = new(Metrics.Queued);
        _writer = new(context.GetHttpContext().Response.BodyWriter, _queue, Options.MaxFlushBytes, Time, _changed);
        _subscriptions = new(parts, context, _queue, _changed);
        _ageLimit = Time.GetTimestamp() + ClockTicks.From(Jitter.Shorten(Options.MaxAge), Time);
        _lastRead = Time.GetTimestamp();
    }

    /// <summary>What ends a stream, or brings its end nearer.</summary>
    [Flags]
    private enum Happened
    {
        Broken = 1,
        HalfClosed = 2,
        Silent = 4,
        Stalled = 8,
        Aged = 16,
        Drained = 32,
        TimeUp = 64,
        Over = 128,

        ReadingEnded = Broken | HalfClosed,
        Leaving = Aged | Drained,
    }

    private EventStreamServerOptions Options => _parts.Options;

    private EventServerMetrics Metrics => _parts.Metrics;

    private TimeProvider Time => _parts.Time;

    /// <summary>Returns when the stream has ended and nothing of it is left.</summary>
    /// <exception cref="RpcException">The stream did not end in good order.</exception>
    internal async Task RunAsync()
    {
        // Tells the client that the stream stands, also while there is no event.
        await _context.WriteResponseHeadersAsync([]);
        Metrics.Streams(1);
        var ticking = _parts.Clock.Add(Tick);
        try
        {
            var write = _writer.RunAsync(_context.CancellationToken);
            var read = ReadAsync();
            while (!_writer.HasEnded && !_subscriptions.IsFinished && !Has(Happened.Broken | Happened.Leaving | Happened.Silent | Happened.Stalled))
                await _changed.WaitAsync();
            _subscriptions.CancelAll();
            var leaving = Has(Happened.Leaving) && !Has(Happened.Silent | Happened.Broken);
            if (leaving)
                Leave();
            else
                _queue.Complete();
            // Who is about to leave has no time for a reader that is allowed to stall for longer.
            while (!_writer.HasEnded && !Has(Happened.Stalled | Happened.TimeUp))
                await _changed.WaitAsync();
            while (leaving && _writer.HasEnded && !Has(Happened.ReadingEnded | Happened.TimeUp))
                await _changed.WaitAsync();

            var stalled = !_writer.HasEnded;
            if (stalled)
                CutOff();
            else if (leaving && !Has(Happened.ReadingEnded))
                EventStreamLog.DrainTimedOut(_parts.Logger, _parts.Method, _context.Peer, DrainTimeout);
            else if (Has(Happened.Silent))
                EventStreamLog.Silent(_parts.Logger, _parts.Method, _context.Peer, Options.ClientTimeout);
            StopReading();
            var readError = await read;
            var writeError = await write;
            _queue.Clear();
            while (!_subscriptions.IsStopped)
                await _changed.WaitAsync();
            if (stalled)
                throw new RpcException(new Status(StatusCode.ResourceExhausted, "The client does not read."));
            if (readError is not null && RequestFraming.ErrorOf(readError, _context) is { } invalid)
                throw invalid;
            if (writeError is not null || _context.CancellationToken.IsCancellationRequested)
                throw new RpcException(new Status(StatusCode.Cancelled, "The client is gone."));
            if (Has(Happened.Silent))
                throw new RpcException(new Status(StatusCode.Unavailable, "The client was silent for too long."));
        }
        finally
        {
            await _aborted.DisposeAsync();
            _parts.Clock.Remove(ticking);
            Report();
            // The clock may be at it still.
            _queued.End();
            Metrics.Streams(-1);
        }
    }

    /// <summary>Measures what was written and what waits. Not frame by frame: that would cost as much as the frames themselves.</summary>
    private void Report()
    {
        _queued.Report(_queue.Bytes);
        if (!_writer.HasWritten)
            return;
        var (frames, events) = _writer.TakeWritten();
        Metrics.Written(frames, events);
    }

    /// <summary>Called by the clock.</summary>
    private void Tick()
    {
        if (!_writer.HasWritten)
            _queue.Trim();
        Report();
        var now = Time.GetTimestamp();
        if (_writer.WritingSince is var since and not 0 && Time.GetElapsedTime(since, now) > WriteTimeout)
            Raise(Happened.Stalled);
        if (_leaveAt == long.MaxValue && _drain.IsCancellationRequested)
            _leaveAt = now + ClockTicks.From(Jitter.UpTo(Shorter(Options.DrainWindow, _half)), Time);
        if (now > _leaveAt)
            Raise(Happened.Drained);
        else if (now > _ageLimit)
            Raise(Happened.Aged);
        if (now > Volatile.Read(ref _endBy))
            Raise(Happened.TimeUp);
        // A client whose frames are not read, since it does not read what waits for it, is not silent: it stalls.
        if (!Has(Happened.HalfClosed) && !_heldBack && Time.GetElapsedTime(Volatile.Read(ref _lastRead), now) > Options.ClientTimeout)
            Raise(Happened.Silent);
        if (_writer.WritingSince == 0 && Time.GetElapsedTime(Math.Max(_writer.LastWrite, _lastHeartbeat), now) > Options.HeartbeatInterval)
        {
            _lastHeartbeat = now;
            _queue.Add(EventFrame.Heartbeat());
        }
    }

    /// <summary>Shorter while too much waits on all streams together: those that stall then go, and those that read do not notice.</summary>
    private TimeSpan WriteTimeout => _parts.Total.Bytes > Options.MaxTotalQueuedBytes ? Shorter(Options.WriteTimeout, PressedTimeout) : Options.WriteTimeout;

    private TimeSpan DrainTimeout => Shorter(Options.DrainTimeout, _half);

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private bool Has(Happened any) => (Volatile.Read(ref _happened) & (int)any) != 0;

    private void Raise(Happened what)
    {
        if ((Interlocked.Or(ref _happened, (int)what) & (int)what) == 0)
            _changed.Set();
    }

    private async Task<Exception?> ReadAsync()
    {
        try
        {
            while (await _requests.MoveNext(CancellationToken.None))
            {
                Volatile.Write(ref _lastRead, Time.GetTimestamp());
                await HandleAsync(_requests.Current);
                // Answers to bad requests are queued, too: who does not read them is not read.
                while (_queue.IsFull && _queue.MustWait(_room ??= new()))
                {
                    _heldBack = true;
                    await _room.WaitAsync();
                    Volatile.Write(ref _lastRead, Time.GetTimestamp());
                    _heldBack = false;
                }
            }

            // What it has subscribed to goes on. A read has told of a client that is gone; from now on only this does.
            _aborted = _context.CancellationToken.UnsafeRegister(static table => ((SubscriptionTable<TRequest>)table!).CancelAll(), _subscriptions);
            Raise(Happened.HalfClosed);
            _subscriptions.FinishWhenEmpty();
            return null;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Internal && Has(Happened.Over))
        {
            // What gRPC makes of a read that was called off.
            return null;
        }
        catch (Exception e)
        {
            Raise(Happened.Broken);
            return e;
        }
    }

    /// <summary>Ends the read that waits. Not by a token, which every stream would keep registered all the time.</summary>
    private void StopReading()
    {
        Raise(Happened.Over);
        try
        {
            _context.GetHttpContext().Request.BodyReader.CancelPendingRead();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException)
        {
            // The request was aborted, which ends the read as well.
        }
    }

    private async ValueTask HandleAsync(TRequest frame)
    {
        if (frame.Subscribe is not null)
            _subscriptions.Add(frame);
        else if (frame.Unsubscribe is { } unsubscribe)
            _subscriptions.Remove(unsubscribe.SubscriptionId);
        else if (frame.Ack is { } ack)
            await _subscriptions.AcknowledgeAsync(ack.SubscriptionId, ack.Cursor);
        else if (frame.Heartbeat is null)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "A frame says nothing."));
    }

    /// <summary>Tells the client to go; from now on its time is limited.</summary>
    private void Leave()
    {
        Metrics.Drained();
        Volatile.Write(ref _endBy, Time.GetTimestamp() + ClockTicks.From(DrainTimeout, Time));
        _queue.Complete(EventFrame.Draining(new Draining { ReconnectAfter = Duration.FromTimeSpan(Has(Happened.Drained) ? Options.ReconnectAfter : TimeSpan.Zero) }));
    }

    /// <summary>From outside the writer, which waits for a client that does not read: what is buffered for it is released.</summary>
    private void CutOff()
    {
        Metrics.CutOff();
        EventStreamLog.CutOff(_parts.Logger, _parts.Method, _context.Peer, Options.WriteTimeout);
        _context.CutOff();
    }
}
