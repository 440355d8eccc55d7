using System.Collections.Concurrent;

namespace Microservices.Gateway.Limits;

/// <summary>
/// The counts of those who have asked last, so many at most. They are in two generations: when the younger one has half of them, the elder one is forgotten, and what is asked for
/// again is in the younger one. So a flood of new ones costs no search for old ones. Thread-safe.
/// </summary>
internal sealed class RateCells(RatePolicy policy, int most)
{
    private readonly Lock gate = new();
    private volatile Generations generations = new([], []);

    /// <summary>How many it has.</summary>
    public int Count
    {
        get
        {
            var now = generations;
            return now.Young.Count + now.Old.Keys.Count(key => !now.Young.ContainsKey(key));
        }
    }

    /// <summary>The count of a caller.</summary>
    public RateCell Of(string key)
    {
        var now = generations;
        if (now.Young.TryGetValue(key, out var known))
            return known;
        var cell = now.Old.TryGetValue(key, out var elder) ? elder : new RateCell(policy);
        var kept = now.Young.GetOrAdd(key, cell);
        if (ReferenceEquals(kept, cell) && Interlocked.Increment(ref now.Added) >= most / 2)
            Grow(now);
        return kept;
    }

    private void Grow(Generations full)
    {
        lock (gate)
        {
            if (generations == full)
                generations = new([], full.Young);
        }
    }

    private sealed class Generations(ConcurrentDictionary<string, RateCell> young, ConcurrentDictionary<string, RateCell> old)
    {
        public int Added;

        public ConcurrentDictionary<string, RateCell> Young => young;

        public ConcurrentDictionary<string, RateCell> Old => old;
    }
}
