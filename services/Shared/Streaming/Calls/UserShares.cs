using System.Runtime.InteropServices;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Keeps a user who makes many calls at a time from using a backend's limit up for all others: the last quarter of the limit is for users who have less than a thirty-second
/// of it in flight, or one call. A user alone has three quarters. Its memory is bounded by what is in flight. Thread-safe.
/// </summary>
/// <param name="limit">The limit that is shared.</param>
public sealed class UserShares(ConcurrencyLimit limit)
{
    private const int MaxShare = 32;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _inFlight = [];

    /// <summary>The limit that is shared.</summary>
    public ConcurrencyLimit Limit => limit;

    /// <summary>
    /// Admits a call of a user; null: one that is nobody's, which the limit alone bounds. False when it goes beyond the limit, or beyond the user's share. An admitted call
    /// is ended at the limit, and by <see cref="Exit"/>.
    /// </summary>
    public bool TryEnter(string? user)
    {
        if (user is null)
            return limit.TryEnter();
        lock (_gate)
        {
            var mine = _inFlight.GetValueOrDefault(user);
            if ((mine > 0 && IsBeyondShare(mine)) || !limit.TryEnter())
                return false;
            _inFlight[user] = mine + 1;
            return true;
        }
    }

    /// <summary>An admitted call of a user has ended.</summary>
    public void Exit(string? user)
    {
        if (user is null)
            return;
        lock (_gate)
        {
            if (--CollectionsMarshal.GetValueRefOrNullRef(_inFlight, user) == 0)
                _inFlight.Remove(user);
        }
    }

    private bool IsBeyondShare(int mine)
    {
        var most = limit.Current;
        return mine >= most / MaxShare && limit.InFlight >= most - (most / 4);
    }
}
