namespace Microservices.Streaming.Calls;

/// <content>Which stream takes a call, and when a second one does too.</content>
internal sealed partial class CallTable<TCall, TResult>
{
    private readonly LatencyWindow _latency;
    private readonly TokenBudget _budget;

    // Calls whose hedge is due, the slowest first, until the budget and the credit of another replica allow it. They need no timer: when a
    // replica stalls all calls come to be here, and looking at each again and again would cost most just then.
    private readonly LinkedList<PendingCall<TCall, TResult>> _parked = [];

    /// <summary>
    /// The hedge delay has passed without an answer: a second copy goes to another replica, if the budget allows; if not, it is
    /// parked, so that the slowest calls get what the budget gathers meanwhile. Under the lock.
    /// </summary>
    internal void HedgeDue(PendingCall<TCall, TResult> call)
    {
        if (call.First is { IsSent: true } && call.Second is null && (_parked.Count > 0 || !TryHedge(call)))
            _parked.AddLast(call.Parked);
    }

    /// <summary>The budget has earned, or credit has come free: the slowest of the parked calls has its turn. One at a time, so that this stays cheap.</summary>
    private void HedgeParked()
    {
        if (!_budget.MaySpend || _parked.First is not { } slowest)
            return;
        _parked.Remove(slowest);
        // It may wait for another replica than the others do: they have theirs next.
        if (slowest.Value is { First.IsSent: true, Second: null } call && !TryHedge(call))
            _parked.AddLast(slowest);
    }

    private bool TryHedge(PendingCall<TCall, TResult> call)
    {
        if (!_budget.MaySpend || LeastLoaded(call.First!.Stream.Replica) is not { } link)
            return false;
        _budget.Spend();
        var hedge = RentAttempt(call, link);
        hedge.IsHedge = true;
        call.Second = hedge;
        _metrics.HedgeSent();
        return true;
    }

    private static void Unpark(PendingCall<TCall, TResult> call) => call.Parked.List?.Remove(call.Parked);

    /// <summary>A first copy, or one that failed over, goes out now.</summary>
    private void OnSent(PendingCall<TCall, TResult> call, long now)
    {
        if (call.Sent++ == 0)
        {
            _metrics.Queued(_time.GetElapsedTime(call.SubmittedAt, now));
            if (_method.Idempotent)
                _budget.Earn();
        }

        if (call.Second is null)
            ScheduleHedge(call, now);
        HedgeParked();
    }

    private void ScheduleHedge(PendingCall<TCall, TResult> call, long now)
    {
        if (!_method.Idempotent || _options.HedgeBudget <= 0 || _streams.Count < 2 || _latency.P95 is not { } p95)
            return;
        _wheel.Remove(call);
        // To the tick before: a tick late, and what the timer adds, would be as long again as the p95 of a fast callee. What that costs in
        // copies that were not needed is within the budget.
        var due = now + ClockTicks.From(p95, _time) - _wheel.TimestampsPerTick + 1;
        _wheel.Add(call, Math.Max(due, now + ClockTicks.From(_options.MinHedgeDelay, _time)));
    }

    /// <summary>Learns how long the callee takes. Of a copy that a hedge overtook it is known only that it took longer than this.</summary>
    private void Learn(PendingCall<TCall, TResult> call, Attempt<TCall, TResult> answered, long now)
    {
        var first = answered.IsHedge ? call.Other(answered) : answered;
        if (first is { IsSent: true })
            _latency.Record(_time.GetElapsedTime(first.SentAt, now), now);
    }

    private bool TryPlace(PendingCall<TCall, TResult> call)
    {
        if (LeastLoaded(except: null) is not { } link)
            return false;
        call.First = RentAttempt(call, link);
        return true;
    }

    /// <summary>Lets waiting calls have the credit that has come free, in the order in which they came.</summary>
    private void Pump()
    {
        while (_waiting.First is { } first)
        {
            var link = LeastLoaded(except: null);
            if (link is null)
                return;
            _waiting.Remove(first);
            first.Value.First = RentAttempt(first.Value, link);
        }
    }

    /// <summary>The stream with the fewest calls outstanding that has credit left; equal ones take turns.</summary>
    private StreamLink<TCall, TResult>? LeastLoaded(object? except)
    {
        StreamLink<TCall, TResult>? best = null;
        var start = _streams.Count > 1 ? _turn++ & int.MaxValue : 0;
        for (var i = 0; i < _streams.Count; i++)
        {
            var link = _streams[(start + i) % _streams.Count];
            if (link.HasRoom && !ReferenceEquals(link.Replica, except) && (best is null || link.Outstanding < best.Outstanding))
                best = link;
        }

        return best;
    }
}
