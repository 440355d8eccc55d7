using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Every call of one client, and where it stands. All of it is plain synchronous state under one lock, held for as long as it takes to
/// move a call or a frame of calls; outcomes run their continuations in the thread pool, never under the lock. Thread-safe.
/// This part: calls come, wait, and leave. Streams and hedging are in the other parts.
/// </summary>
internal sealed partial class CallTable<TCall, TResult> : IDisposable
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly Lock _gate = new();
    private readonly LinkedList<PendingCall<TCall, TResult>> _waiting = [];
    private readonly Dictionary<FlightKey<TCall>, PendingCall<TCall, TResult>> _flights = new(new FlightKeyComparer<TCall>());
    private readonly CallStreamClientOptions _options;
    private readonly CallClientMetrics _metrics;
    private readonly CallStreamMethod<TCall, TResult> _method;
    private readonly TimeProvider _time;
    private readonly DeadlineWheel _wheel;
    private readonly ConcurrencyLimit? _limit;
    private int _succeeded;
    private bool _closed;

    internal CallTable(
        CallStreamMethod<TCall, TResult> method, CallStreamClientOptions options, CallClientMetrics metrics, TimeProvider time, ConcurrencyLimit? limit = null)
    {
        (_method, _options, _metrics, _time, _limit) = (method, options, metrics, time, limit);
        _wheel = new(_gate, TimeSpan.FromMilliseconds(1), time);
        _waiters = new(new WaiterPolicy(this), 4096);
        _latency = new(TimeSpan.FromSeconds(10), time);
        _budget = new(options.HedgeBudget);
        _outage = new(this);
    }

    /// <summary>Takes a call, which belongs to the table from now on.</summary>
    internal ValueTask<TResult> Submit(TCall message, int bytes, TimeSpan timeout, string? principal, bool shared, long notBefore, CancellationToken cancellation)
    {
        var waiter = _waiters.Get();
        var task = waiter.Task;
        message.CallId = 0;
        message.TimeoutMs = 0;
        FlightKey<TCall>? key = shared ? FlightKey<TCall>.Of(message, principal) : null;
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            waiter.Deadline = now + ClockTicks.From(timeout, _time);
            var call = key is { } flight ? FindFlight(flight, notBefore) : null;
            if (call is not null)
            {
                _metrics.Shared();
                Join(call, waiter);
            }
            else
            {
                var link = _waiting.Count == 0 ? LeastLoaded(except: null) : null;
                if (_closed || (link is null && !MayWait(now)) || _limit?.TryEnter() == false)
                {
                    Refuse(waiter, now);
                    return task;
                }

                call = RentCall(message, bytes, key, now);
                Join(call, waiter);
                if (link is null)
                    _waiting.AddLast(call.Link);
                else
                    call.First = RentAttempt(call, link);
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
            Leave(waiter, new OperationCanceledException(cancellation));
    }

    /// <summary>One waiter gives up; the call is given up when it was the last one. Under the lock.</summary>
    internal void Leave(Waiter<TCall, TResult> waiter, Exception why)
    {
        if (waiter.Call is not { } call)
            return;
        call.Waiters.Remove(waiter.Link);
        Complete(waiter, why);
        if (call.Waiters.Count == 0)
        {
            // While there is no replica to send it to, waiting says nothing of how much they have to do.
            if (why is RpcException && _streams.Count > 0)
                _limit?.TimedOut(_time.GetElapsedTime(call.SubmittedAt, waiter.Deadline));
            else
                _limit?.Ignored();
            Release(call);
            Pump();
        }
    }

    /// <summary>How many calls are known: waiting, queued or sent. Zero when nothing is left behind.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
                return _waiting.Count + _flights.Count + _streams.Sum(s => s.Outstanding);
        }
    }

    /// <summary>Fails the calls that wait, and whatever comes later.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _closed = true;
            while (_waiting.First is { } first)
                Fail(first.Value, CallErrors.Disposed);
        }
    }

    /// <summary>Ends all deadlines. After the streams have ended there are none.</summary>
    public void Dispose()
    {
        lock (_gate)
            _wheel.Dispose();
    }

    /// <summary>The identical call that is under way, if it may be joined; one that began too early is joined by nobody any more.</summary>
    private PendingCall<TCall, TResult>? FindFlight(FlightKey<TCall> key, long notBefore)
    {
        if (!_flights.TryGetValue(key, out var call) || call.SubmittedAt >= notBefore)
            return call;
        _flights.Remove(key);
        call.Flight = null;
        return null;
    }

    private bool MayWait(long now) => !OutageIsLong(now) && _waiting.Count < _options.MaxWaiting;

    private void Refuse(Waiter<TCall, TResult> waiter, long now)
    {
        var why = _closed ? CallErrors.Disposed() : OutageIsLong(now) ? CallErrors.NoReplica() : CallErrors.Shed();
        if (why.StatusCode == StatusCode.ResourceExhausted)
            _metrics.Shed();
        _metrics.Ended(why.StatusCode, 1);
        waiter.SetException(why);
    }

    private void Join(PendingCall<TCall, TResult> call, Waiter<TCall, TResult> waiter)
    {
        waiter.Call = call;
        call.Waiters.AddLast(waiter.Link);
        call.Deadline = Math.Max(call.Deadline, waiter.Deadline);
        _wheel.Add(waiter, waiter.Deadline);
    }

    private void Succeed(PendingCall<TCall, TResult> call, TResult result)
    {
        while (call.Waiters.First is { } first)
        {
            var waiter = first.Value;
            call.Waiters.Remove(first);
            waiter.Call = null;
            _wheel.Remove(waiter);
            _succeeded++;
            waiter.SetResult(result);
        }

        _limit?.Answered(_time.GetElapsedTime(call.SubmittedAt));
        Release(call);
    }

    /// <summary>Fails a call for a reason that the callee did not give.</summary>
    private void Fail(PendingCall<TCall, TResult> call, Func<RpcException> why)
    {
        _limit?.Ignored();
        End(call, why);
    }

    private void End(PendingCall<TCall, TResult> call, Func<RpcException> why)
    {
        while (call.Waiters.First is { } first)
        {
            call.Waiters.Remove(first);
            Complete(first.Value, why());
        }

        Release(call);
    }

    private void Complete(Waiter<TCall, TResult> waiter, Exception why)
    {
        waiter.Call = null;
        _wheel.Remove(waiter);
        _metrics.Ended(why is RpcException rpc ? rpc.StatusCode : StatusCode.Cancelled, 1);
        waiter.SetException(why);
    }
}
