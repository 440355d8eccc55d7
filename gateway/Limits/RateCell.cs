using System.Diagnostics;

namespace Microservices.Gateway.Limits;

/// <summary>Whether requests are let through.</summary>
internal enum RateOutcome
{
    /// <summary>They are, and are counted.</summary>
    Taken,

    /// <summary>They are not: the caller is over its limit.</summary>
    Refused,

    /// <summary>That is known when Redis has answered (<see cref="RateCell.Reported"/>): this replica is as far ahead of it as it may be.</summary>
    Unknown,
}

/// <summary>What a caller has made of its limit, as far as this replica knows. Times are in nanoseconds.</summary>
/// <param name="Outcome">Whether requests are let through.</param>
/// <param name="Unpaid">How long it takes to pay off what is counted.</param>
/// <param name="Wait">Of what is refused, after how long it would be let through.</param>
internal readonly record struct RateDecision(RateOutcome Outcome, long Unpaid, long Wait = 0);

/// <summary>
/// The count of one caller at one replica: GCRA over what this replica has let through, and what Redis has counted of all replicas as of the last report. It is never less
/// than what this replica has let through, so that it limits without Redis as well. Times are in nanoseconds, by any clock that does not go back. Thread-safe.
/// </summary>
internal sealed class RateCell(RatePolicy policy)
{
    private readonly Lock gate = new();
    private long arrival;
    private int ahead;
    private TaskCompletionSource? report;

    /// <summary>Completes when Redis has answered the report that is under way, or has not.</summary>
    public Task Reported
    {
        get
        {
            lock (gate)
                return report?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>What would come of this many requests.</summary>
    public RateDecision Look(long now, int requests)
    {
        lock (gate)
            return LookUnsynchronized(now, requests);
    }

    /// <summary>Lets requests through, all of them or none.</summary>
    /// <param name="now">The time.</param>
    /// <param name="requests">How many; at most a burst.</param>
    /// <param name="isShared">Whether Redis counts as well.</param>
    public RateDecision Take(long now, int requests, bool isShared)
    {
        lock (gate)
        {
            var decision = LookUnsynchronized(now, requests);
            if (decision.Outcome == RateOutcome.Refused)
                return decision;
            if (isShared && ahead > 0 && ahead + requests > policy.Slice)
                return decision with { Outcome = RateOutcome.Unknown };
            arrival = now + decision.Unpaid;
            if (isShared)
                ahead += requests;
            return decision;
        }
    }

    /// <summary>How many requests Redis is to be told of now; 0 when none, since too few are to be told or it is being told.</summary>
    /// <param name="isWaitedFor">Whether a caller waits for it, so that the fewest are enough.</param>
    public int BeginReport(bool isWaitedFor)
    {
        lock (gate)
        {
            if (report is not null || ahead == 0 || (!isWaitedFor && ahead < (policy.Slice + 1) / 2))
                return 0;
            report = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return ahead;
        }
    }

    /// <summary>Redis has answered.</summary>
    /// <param name="now">The time.</param>
    /// <param name="requests">How many it was told of.</param>
    /// <param name="unpaid">How long it takes to pay off what it has counted; null when it has not, and they are not told again.</param>
    public void EndReport(long now, int requests, long? unpaid)
    {
        TaskCompletionSource ended;
        lock (gate)
        {
            Debug.Assert(report is not null && requests <= ahead);
            ahead -= requests;
            if (unpaid is { } all)
                arrival = Math.Max(arrival, now + all + policy.CostOf(ahead));
            (ended, report) = (report!, null);
        }

        ended.SetResult();
    }

    private RateDecision LookUnsynchronized(long now, int requests)
    {
        var before = Math.Max(arrival - now, 0);
        var after = before + policy.CostOf(requests);
        return after > policy.Tolerance ? new(RateOutcome.Refused, before, after - policy.Tolerance) : new(RateOutcome.Taken, after);
    }
}
