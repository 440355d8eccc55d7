namespace Microservices.Streaming.Calls;

/// <summary>
/// Exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): a random wait between zero and a
/// bound that doubles with every failure up to the cap. Not thread-safe.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan cap)
{
    private int _failures;

    internal void Reset() => _failures = 0;

    internal TimeSpan Next()
    {
        var bound = Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, 20)));
        _failures++;
        return Jitter.Below(TimeSpan.FromMilliseconds(bound));
    }
}

/// <summary>Random times, so that what starts together does not stay together.</summary>
internal static class Jitter
{
    /// <summary>Between zero and the bound.</summary>
    internal static TimeSpan Below(TimeSpan bound) => bound * Random.Shared.NextDouble();

    /// <summary>Between 80 % and 100 % of the age, so that it stays the bound it is said to be.</summary>
    internal static TimeSpan Age(TimeSpan age) => age * (0.8 + (0.2 * Random.Shared.NextDouble()));
}
