using Microsoft.Extensions.ObjectPool;

namespace Microservices.Streaming.Calls;

/// <content>Calls, their copies and their waiters are used again: in a steady state a call allocates nothing.</content>
internal sealed partial class CallTable<TCall, TResult>
{
    private readonly Stack<PendingCall<TCall, TResult>> _spareCalls = new();
    private readonly Stack<Attempt<TCall, TResult>> _spareAttempts = new();
    private readonly DefaultObjectPool<Waiter<TCall, TResult>> _waiters;

    internal void Return(Waiter<TCall, TResult> waiter) => _waiters.Return(waiter);

    /// <summary>Forgets a call that nobody waits for: its copies are cancelled.</summary>
    private void Release(PendingCall<TCall, TResult> call)
    {
        _wheel.Remove(call);
        Unpark(call);
        if (call.Flight is { } key)
            _flights.Remove(key);
        if (call.Link.List is not null)
            _waiting.Remove(call.Link);
        if (call.Second is { } second)
            Abandon(second);
        if (call.First is { } first)
            Abandon(first);
        call.Reset();
        if (_spareCalls.Count < 4096)
            _spareCalls.Push(call);
    }

    private PendingCall<TCall, TResult> RentCall(TCall message, int bytes, FlightKey<TCall>? key, long now)
    {
        if (!_spareCalls.TryPop(out var call))
            call = new(this);
        call.Message = message;
        call.Bytes = bytes;
        call.SubmittedAt = now;
        call.Deadline = now;
        call.Flight = key;
        if (key is { } flight)
            _flights.Add(flight, call);
        return call;
    }

    private Attempt<TCall, TResult> RentAttempt(PendingCall<TCall, TResult> call, StreamLink<TCall, TResult> link)
    {
        if (!_spareAttempts.TryPop(out var attempt))
            attempt = new();
        // The message may be being written to another stream at this moment: every copy but the first is its own.
        attempt.Message = call.MessageTaken ? call.Message!.Clone() : call.Message!;
        call.MessageTaken = true;
        attempt.Id = ++_lastId;
        attempt.Message.CallId = attempt.Id;
        attempt.Deadline = call.Deadline;
        attempt.Message.TimeoutMs = ClockTicks.MillisecondsUntil(call.Deadline, _time.GetTimestamp(), _time);
        attempt.Call = call;
        attempt.Stream = link;
        link.Outstanding++;
        link.Outgoing.Enqueue(attempt);
        link.Work.Set();
        return attempt;
    }

    /// <summary>Nobody wants this copy's answer any more: it is cancelled if it was sent, and never sent if it was not.</summary>
    private static void Abandon(Attempt<TCall, TResult> attempt)
    {
        attempt.Call = null;
        if (attempt.IsSent)
            attempt.Stream.Cancels.Add(attempt.Id);
        else
            attempt.Stream.Outstanding--;
        attempt.Stream.Work.Set();
    }

    private void Recycle(Attempt<TCall, TResult> attempt)
    {
        attempt.Reset();
        if (_spareAttempts.Count < 8192)
            _spareAttempts.Push(attempt);
    }

    private sealed class WaiterPolicy(CallTable<TCall, TResult> table) : PooledObjectPolicy<Waiter<TCall, TResult>>
    {
        public override Waiter<TCall, TResult> Create() => new(table);

        public override bool Return(Waiter<TCall, TResult> obj) => true;
    }
}
