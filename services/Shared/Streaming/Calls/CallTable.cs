using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;
using Microsoft.Extensions.ObjectPool;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The calls of one client: they are made, joined, placed, given up and answered. This side is the callers'; <see cref="Streams"/> is the
/// other. Both, and the parts that they are made of, are plain synchronous state under one lock, which is held for as long as it takes to move a call
/// or a frame of calls. Thread-safe; a method that needs the lock is named so.
/// </summary>
internal sealed class CallTable<TCall, TResult> : IDisposable
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private const int MaxSpareWaiters = 4096;
    private readonly Lock _gate = new();
    private readonly CallStreamClientOptions _options;
    private readonly CallClientMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly UserShares? _shares;
    private readonly DefaultObjectPool<Waiter<TCall, TResult>> _waiters;
    private readonly DeadlineWheel _wheel;
    private readonly CallPool<TCall, TResult> _pool;
    private readonly SingleFlight<TCall, TResult> _flights;
    private readonly ReadyStreams<TCall, TResult> _streams;
    private readonly CallPlacement<TCall, TResult> _placement;
    private readonly Hedging<TCall, TResult> _hedging;
    private readonly FailOver<TCall, TResult> _failOver;
    private readonly CallOutcomes<TCall, TResult> _outcomes;
    private readonly ReplicaOutage _outage;
    private bool _closed;

    internal CallTable(
        CallStreamMethod<TCall, TResult> method, CallStreamClientOptions options, CallClientMetrics metrics, TimeProvider time, ConcurrencyLimit? limit = null)
    {
        (_options, _metrics, _time) = (options, metrics, time);
        _shares = limit is null ? null : new(limit);
        _waiters = new(new WaiterPolicy(this), MaxSpareWaiters);
        _wheel = new(_gate, TimeSpan.FromMilliseconds(1), time);
        _pool = new(call => _hedging!.OnDue(call));
        _flights = new(_gate);
        _streams = new(_gate);
        _placement = new(_gate, _streams, _pool, time);
        _hedging = new(_gate, _wheel, _streams, _placement, method.Idempotent, options, metrics, time);
        _failOver = new(_gate, _placement, _hedging, method.Idempotent, options.MaxAttempts, metrics);
        _outcomes = new(_gate, _wheel, metrics, _shares, time);
        _outage = new(_wheel, options.UnavailableAfter, time, () => FailWaitingUnsynchronized(CallErrors.NoReplica));
        var frames = new FrameFiller<TCall, TResult>(_gate, _pool, _hedging, method.MaxCallsPerFrame, options.MaxFrameBytes, metrics, time);
        Streams = new(_gate, this, _streams, _placement, _hedging, _outcomes, _pool, frames, _outage, metrics, time);
    }

    /// <summary>What the streams do with the calls.</summary>
    internal StreamTable<TCall, TResult> Streams { get; }

    /// <summary>How many calls are known: waiting, queued or sent. Zero when nothing is left behind.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
                return _placement.Waiting + _flights.Count + _streams.Outstanding;
        }
    }

    /// <summary>Takes a call, which belongs to the table from now on.</summary>
    internal ValueTask<TResult> Submit(TCall message, int bytes, TimeSpan timeout, in CallSettings settings, bool shared, CancellationToken cancellation)
    {
        var waiter = _waiters.Get();
        var task = waiter.Task;
        message.CallId = 0;
        message.TimeoutMs = 0;
        message.PrincipalId = 0;
        FlightKey<TCall>? key = shared ? FlightKey<TCall>.Of(message, settings.Token) : null;
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            waiter.Deadline = now + ClockTicks.From(timeout, _time);
            if (key is { } same && _flights.Find(same, settings.NotBefore) is { } underWay)
            {
                _metrics.Shared();
                if (!message.TraceContext.IsEmpty)
                    RpcSpans.LinkTo(underWay.Message!.TraceContext.Span);
                _outcomes.Join(underWay, waiter);
            }
            else if (AdmitUnsynchronized(settings.User, now, out var stream) is { } refusal)
            {
                _outcomes.Refuse(waiter, refusal);
                return task;
            }
            else
            {
                var call = _pool.RentCall(message, bytes, now, settings.Token, settings.User);
                if (key is { } question)
                    _flights.Add(question, call);
                _outcomes.Join(call, waiter);
                _placement.Place(call, stream);
            }
        }

        if (cancellation.CanBeCanceled)
            waiter.CancelWith(cancellation);
        return task;
    }

    /// <summary>The caller's token was cancelled.</summary>
    internal void Cancel(Waiter<TCall, TResult> waiter, CancellationToken cancellation)
    {
        lock (_gate)
            LeaveUnsynchronized(waiter, new OperationCanceledException(cancellation));
    }

    /// <summary>One waiter gives up; the call is given up when it was the last one.</summary>
    internal void LeaveUnsynchronized(Waiter<TCall, TResult> waiter, Exception why)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        // The answer, the deadline and the caller's token race: whatever was first has cleared the waiter's call.
        if (waiter.Call is not { } call || !_outcomes.Leave(waiter, why, isReachable: _streams.Count > 0))
            return;
        ReleaseUnsynchronized(call);
        _placement.PlaceWaiting();
    }

    /// <summary>A copy of a call was answered: that is the call's outcome, unless another copy or another try may still do better.</summary>
    internal void AnswerUnsynchronized(Attempt<TCall, TResult> attempt, TResult result, long now)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        // Every waiter gave up before the answer came.
        if (attempt.Call is not { } call)
            return;
        var error = result.Error;
        if (error is not null && _failOver.TryAfterError(call, attempt, error, now))
            return;
        _hedging.OnAnswered(call, attempt, now);
        call.Forget(attempt);
        if (error is null)
            _outcomes.Succeed(call, result);
        else
            _outcomes.Fail(call, error);
        ReleaseUnsynchronized(call);
    }

    /// <summary>A copy of a call was sent on a stream that broke: the call fails over, or fails when no other copy is under way.</summary>
    internal void LoseUnsynchronized(Attempt<TCall, TResult> attempt, long now)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        // Every waiter gave up before the stream broke.
        if (attempt.Call is not { } call || _failOver.TryAfterLoss(call, attempt, now))
            return;
        _outcomes.Fail(call, CallErrors.Broken);
        ReleaseUnsynchronized(call);
    }

    /// <summary>Takes a waiter back whose outcome its caller has taken.</summary>
    internal void Return(Waiter<TCall, TResult> waiter) => _waiters.Return(waiter);

    /// <summary>Fails the calls that wait, and those that come later.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _failOver.Stop();
            FailWaitingUnsynchronized(CallErrors.Disposed);
        }
    }

    /// <summary>Ends all deadlines. After the streams have ended there are none.</summary>
    public void Dispose()
    {
        lock (_gate)
            _wheel.Dispose();
    }

    /// <summary>Chooses the stream for a new call; null when it has to wait. Returns why the call is refused, if it is.</summary>
    private RpcException? AdmitUnsynchronized(string? user, long now, out StreamLink<TCall, TResult>? stream)
    {
        stream = _placement.StreamForNewCall();
        if (_closed)
            return CallErrors.Disposed();
        if (stream is null && _outage.IsLong(now))
            return CallErrors.NoReplica();
        if (stream is null && _placement.Waiting >= _options.MaxWaiting)
            return CallErrors.Shed();
        return _shares?.TryEnter(user) == false ? CallErrors.Shed() : null;
    }

    private void FailWaitingUnsynchronized(Func<RpcException> why)
    {
        while (_placement.FirstWaiting is { } call)
        {
            _outcomes.Fail(call, why);
            ReleaseUnsynchronized(call);
        }
    }

    /// <summary>Forgets a call that nobody waits for: its copies are cancelled.</summary>
    private void ReleaseUnsynchronized(PendingCall<TCall, TResult> call)
    {
        _hedging.Forget(call);
        _flights.Remove(call);
        _placement.Withdraw(call);
        _pool.Return(call);
    }

    private sealed class WaiterPolicy(CallTable<TCall, TResult> table) : PooledObjectPolicy<Waiter<TCall, TResult>>
    {
        public override Waiter<TCall, TResult> Create() => new(table);

        public override bool Return(Waiter<TCall, TResult> obj) => true;
    }
}
