using System.Collections.Concurrent;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Keeps a user who makes many calls at a time from using a backend's limit up for all others: the last quarter of the limit is for users who have less than a thirty-second
/// of it in flight, or one call. A user alone has three quarters. Its memory is bounded by what is in flight. Thread-safe.
/// </summary>
/// <param name="limit">The limit that is shared.</param>
public sealed class UserShares(ConcurrencyLimit limit)
{
    private const int MaxShare = 32;
    private readonly ConcurrentDictionary<string, int> inFlight = [];

    /// <summary>
    /// Admits a call of a user; null: one that is nobody's, which the limit alone bounds. False when it goes beyond the limit, or beyond the user's share. An admitted call
    /// is ended at the limit, and by <see cref="Exit"/>.
    /// </summary>
    public bool TryEnter(string? user)
    {
        if (!limit.TryEnter())
            return false;
        if (user is null)
            return true;
        var (mine, most) = (inFlight.AddOrUpdate(user, 1, (_, calls) => calls + 1), limit.Current);
        if (mine == 1 || limit.InFlight <= most - (most / 4) || mine <= most / MaxShare)
            return true;
        Exit(user);
        limit.Ignored();
        return false;
    }

    /// <summary>An admitted call of a user has ended.</summary>
    public void Exit(string? user)
    {
        if (user is not null && inFlight.AddOrUpdate(user, 0, (_, calls) => calls - 1) == 0)
            inFlight.TryRemove(KeyValuePair.Create(user, 0));
    }
}
