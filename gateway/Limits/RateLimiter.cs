using Microservices.EventLog;

namespace Microservices.Gateway.Limits;

/// <summary>
/// Limits the callers of one kind, at all replicas together. A replica decides by itself and tells Redis afterwards, once for half a slice of a caller's requests
/// (<see cref="RatePolicy.Slice"/>), so that almost no request waits for it. What it guarantees: in any time t all R replicas let through at most burst + rate * t + R * slice
/// of a caller's requests, and what is above the limit is paid off. A batch may be the whole of a slice that is smaller. While Redis is away each replica holds the limit by itself, and nobody waits.
/// A replica forgets a caller when <see cref="LimitsOptions.MaxCallers"/> others have asked; it is then at most a slice ahead again. Thread-safe.
/// </summary>
internal sealed class RateLimiter(RatePolicy policy, LimitsOptions options, SharedRates shared, TimeProvider time)
{
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);
    private readonly RateCells cells = new(policy, options.MaxCallers);
    private readonly long start = time.GetTimestamp();
    private long apartUntil = long.MinValue;

    /// <summary>The limit.</summary>
    public RatePolicy Policy => policy;

    /// <summary>Whether this caller has nothing left.</summary>
    public bool IsSpent(string caller, out RateDecision decision)
    {
        decision = cells.Of(caller).Look(Now, 1);
        return decision.Outcome == RateOutcome.Refused;
    }

    /// <summary>Lets requests of a caller through, all of them or none. False when that takes a while: then by <see cref="TakeAsync"/>.</summary>
    public bool TryTake(string caller, int requests, out RateDecision decision)
    {
        decision = Take(caller, cells.Of(caller), requests);
        return decision.Outcome != RateOutcome.Unknown;
    }

    /// <summary>Lets requests of a caller through, all of them or none: <see cref="RateOutcome.Taken"/> or <see cref="RateOutcome.Refused"/>.</summary>
    public async ValueTask<RateDecision> TakeAsync(string caller, int requests, CancellationToken cancellationToken)
    {
        var cell = cells.Of(caller);
        while (true)
        {
            await cell.Reported.WaitAsync(cancellationToken);
            var decision = Take(caller, cell, requests);
            if (decision.Outcome != RateOutcome.Unknown)
                return decision;
        }
    }

    private RateDecision Take(string caller, RateCell cell, int requests)
    {
        var now = Now;
        var isShared = now >= Volatile.Read(ref apartUntil);
        var decision = cell.Take(now, requests, isShared);
        if (decision.Outcome != RateOutcome.Refused && isShared && cell.BeginReport(decision.Outcome == RateOutcome.Unknown) is > 0 and var told)
            _ = ReportAsync(caller, cell, told);
        return decision;
    }

    // The cell has it until it has ended. It takes no longer than the timeout, and throws nothing.
    private async Task ReportAsync(string caller, RateCell cell, int requests)
    {
        TimeSpan? unpaid = null;
        try
        {
            unpaid = await shared.ChargeAsync($"{policy.Name}:{caller}", Span(policy.CostOf(requests)), Span(2 * policy.Tolerance), options.RedisTimeout);
        }
        finally
        {
            if (unpaid is null)
                Volatile.Write(ref apartUntil, Now + Nanoseconds(Apart));
            cell.EndReport(Now, requests, unpaid is { } all ? Nanoseconds(all) : null);
        }
    }

    private long Now => Nanoseconds(time.GetElapsedTime(start));

    private static long Nanoseconds(TimeSpan span) => span.Ticks * TimeSpan.NanosecondsPerTick;

    private static TimeSpan Span(long nanoseconds) => new(nanoseconds / TimeSpan.NanosecondsPerTick);
}
