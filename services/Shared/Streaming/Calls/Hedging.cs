using System.Diagnostics;
using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Sends a second copy of a slow call to another replica ("The Tail at Scale", Dean and Barroso, 2013): after the 95th percentile of the latency,
/// of idempotent calls only, and within a hard budget. Guarded by the lock of the <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
/// <param name="gate">The table's lock.</param>
/// <param name="wheel">Holds each call until its hedge is due.</param>
/// <param name="streams">The streams that take calls: with fewer than two no call is hedged.</param>
/// <param name="placement">Sends the copies.</param>
/// <param name="idempotent">Whether the method's calls may be sent twice.</param>
/// <param name="options">The budget and the shortest delay.</param>
/// <param name="metrics">Counts the copies.</param>
/// <param name="time">The clock.</param>
internal sealed class Hedging<TCall, TResult>(
    Lock gate,
    DeadlineWheel wheel,
    ReadyStreams<TCall, TResult> streams,
    CallPlacement<TCall, TResult> placement,
    bool idempotent,
    CallStreamClientOptions options,
    CallClientMetrics metrics,
    TimeProvider time)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private readonly bool _isEnabled = idempotent && options.HedgeBudget > 0;
    private readonly LatencyWindow _latency = new(Window, time);
    private readonly TokenBudget _budget = new(options.HedgeBudget);

    // Calls whose hedge is due, the slowest first, until the budget and the credit of another replica allow it. They need no timer: when a
    // replica stalls, all of its calls are parked, and looking at each again and again would cost most just then.
    private readonly LinkedList<PendingCall<TCall, TResult>> _parked = [];

    /// <summary>A first copy was sent, or one that has failed over: from now on its answer is awaited.</summary>
    internal void OnSent(PendingCall<TCall, TResult> call, long now)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (!_isEnabled)
            return;
        if (call.Sent == 1)
            _budget.Earn();
        if (call.Second is null && streams.Count >= 2 && _latency.P95 is { } p95)
            Schedule(call, p95, now);
        HedgeParked();
    }

    /// <summary>
    /// The hedge delay has passed without an answer: a second copy is sent if the budget allows it. If not, the call is parked, so that the
    /// slowest calls get what the budget earns meanwhile.
    /// </summary>
    internal void OnDue(PendingCall<TCall, TResult> call)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        // The copy may have been answered or moved to another stream in the same tick, or be a hedge itself that has outlived the first.
        if (call is { First.IsSent: true, Second: null } && (_parked.Count > 0 || !TryHedge(call)))
            _parked.AddLast(call.Parked);
    }

    /// <summary>
    /// The budget may have earned, or credit come free: the slowest of the parked calls has its turn. One at a time, so that this is cheap.
    /// </summary>
    internal void HedgeParked()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (!_budget.MaySpend || _parked.First is not { } slowest)
            return;
        _parked.Remove(slowest);
        // It may wait for another replica than the others do: they have their turn next.
        if (slowest.Value is { First.IsSent: true, Second: null } call && !TryHedge(call))
            _parked.AddLast(slowest);
    }

    /// <summary>
    /// Learns from an answer how long the callee takes. Of a first copy that a hedge overtook it is known only that it took longer than this.
    /// </summary>
    internal void OnAnswered(PendingCall<TCall, TResult> call, Attempt<TCall, TResult> answered, long now)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (answered.IsHedge)
            metrics.HedgeWon();
        var first = answered.IsHedge ? call.Other(answered) : answered;
        if (first is { IsSent: true })
            _latency.Record(time.GetElapsedTime(first.SentAt, now), now);
    }

    /// <summary>Hedges a call no more: it has ended, or it is sent anew.</summary>
    internal void Forget(PendingCall<TCall, TResult> call)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        wheel.Remove(call);
        call.Parked.List?.Remove(call.Parked);
    }

    private bool TryHedge(PendingCall<TCall, TResult> call)
    {
        if (!_budget.MaySpend || !placement.TryPlaceHedge(call))
            return false;
        _budget.Spend();
        metrics.HedgeSent();
        return true;
    }

    private void Schedule(PendingCall<TCall, TResult> call, TimeSpan p95, long now)
    {
        wheel.Remove(call);
        // At the tick before the p95: a tick later, with what the timer adds, would be as long again as the p95 of a fast callee. The budget
        // pays for the copies that were not needed.
        var due = now + ClockTicks.From(p95, time) - wheel.TimestampsPerTick + 1;
        wheel.Add(call, Math.Max(due, now + ClockTicks.From(options.MinHedgeDelay, time)));
    }
}
