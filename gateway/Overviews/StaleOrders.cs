using System.Collections.Concurrent;
using Microservices.Orders.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// The orders that were given last, to stand in when they cannot be had (RFC 5861, stale-if-error). Bounded: two generations, of which the
/// older is forgotten when the younger is half the bound, so that what was given lately stays. Thread-safe.
/// </summary>
internal sealed class StaleOrders(IOptions<GatewayOptions> options, TimeProvider time)
{
    private readonly int generation = (options.Value.MaxStaleEntries + 1) / 2;
    private readonly Lock turning = new();
    private volatile ConcurrentDictionary<(string UserId, int Limit), Entry> young = new();
    private volatile ConcurrentDictionary<(string UserId, int Limit), Entry> old = new();
    private int count;

    /// <summary>How many are kept.</summary>
    public int Count => young.Count + old.Count;

    /// <summary>Remembers what is given now.</summary>
    public void Keep(string userId, int limit, IReadOnlyList<Order> orders)
    {
        if (generation == 0)
            return;
        var entry = new Entry(orders, time.GetTimestamp());
        var to = young;
        if (to.TryAdd((userId, limit), entry))
        {
            if (Interlocked.Increment(ref count) >= generation)
                Turn(to);
        }
        else
        {
            to[(userId, limit)] = entry;
        }
    }

    /// <summary>What was given last, if it is no older than that; with its age.</summary>
    public (IReadOnlyList<Order> Orders, TimeSpan Age)? Find(string userId, int limit, TimeSpan maxAge)
    {
        if (maxAge > options.Value.MaxStale)
            maxAge = options.Value.MaxStale;
        if (maxAge <= TimeSpan.Zero || (!young.TryGetValue((userId, limit), out var entry) && !old.TryGetValue((userId, limit), out entry)))
            return null;
        var age = time.GetElapsedTime(entry.Given);
        return age <= maxAge ? (entry.Orders, age) : null;
    }

    private void Turn(ConcurrentDictionary<(string UserId, int Limit), Entry> full)
    {
        lock (turning)
        {
            if (!ReferenceEquals(full, young))
                return;
            old = full;
            young = new();
            Volatile.Write(ref count, 0);
        }
    }

    private sealed record Entry(IReadOnlyList<Order> Orders, long Given);
}
