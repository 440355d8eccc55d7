namespace Microservices.Gateway.Limits;

/// <summary>A rate and a burst, as GCRA (ITU-T I.371) has them. Times are in nanoseconds. Immutable.</summary>
/// <param name="Name">What it is called in headers, errors and metrics: "user".</param>
/// <param name="Rate">How many requests a second.</param>
/// <param name="Burst">How many at once.</param>
internal sealed record RatePolicy(string Name, int Rate, int Burst)
{
    private const long Second = 1_000_000_000;

    // Twenty replicas may each be a slice ahead, and all of it is paid off.
    private const int Slices = 20;

    /// <summary>How long it takes to pay off a number of requests.</summary>
    public long CostOf(int requests) => requests * Second / Rate;

    /// <summary>How much may be unpaid.</summary>
    public long Tolerance { get; } = Burst * Second / Rate;

    /// <summary>How many requests a replica may be ahead of what Redis has counted: a twentieth of the burst.</summary>
    public int Slice { get; } = Burst / Slices;

    /// <summary>In how many seconds a caller who makes no requests may make a whole burst again, rounded up.</summary>
    public long Window { get; } = (Burst + Rate - 1L) / Rate;
}
