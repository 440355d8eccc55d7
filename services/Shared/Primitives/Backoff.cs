namespace Microservices.Primitives;

/// <summary>
/// Exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): a random wait between nearly zero and a
/// bound that doubles with every failure up to the cap. It is never shorter than a millisecond, of which timers make none: a failure that comes at once would be repeated at once.
/// Not thread-safe.
/// </summary>
/// <param name="first">The bound of the wait after the first failure.</param>
/// <param name="cap">The largest bound.</param>
public sealed class Backoff(TimeSpan first, TimeSpan cap)
{
    private const double Shortest = 1;

    /// <summary>How many waits were asked for since the last success.</summary>
    public int Failures { get; private set; }

    /// <summary>Something has succeeded: the next wait is short again.</summary>
    public void Reset() => Failures = 0;

    /// <summary>Something has failed: how long to wait before the next attempt.</summary>
    public TimeSpan Next()
    {
        var bound = Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(Failures, 20)));
        Failures++;
        return Jitter.Between(TimeSpan.FromMilliseconds(Math.Min(Shortest, bound)), TimeSpan.FromMilliseconds(bound));
    }
}
