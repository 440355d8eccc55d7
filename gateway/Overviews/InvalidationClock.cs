using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// When each user's part of one kind last changed, as its service reports, and up to when those reports are complete. A part that was
/// requested after its last invalidation is current, as long as the reports are not older than <see cref="GatewayOptions.MaxUnverified"/>, and
/// is answered without a call. Several users share a slot, and a change of one invalidates all of them: that costs a call, and keeps
/// the clock small however many users there are. Thread-safe.
/// </summary>
/// <typeparam name="T">The kind of part.</typeparam>
internal sealed class InvalidationClock<T>(IOptions<GatewayOptions> options, TimeProvider time)
{
    private const int Slots = 1 << 16;
    private readonly long maxUnverified = (long)(options.Value.MaxUnverified.TotalSeconds * time.TimestampFrequency);
    private readonly long[] invalidated = new long[Slots];
    private readonly Lock invalidating = new();
    private long latest;
    private long allInvalidated;
    private long verifiedUntil = long.MinValue;

    /// <summary>The timestamp up to which every change has been reported; <see cref="long.MinValue"/> before the first complete report.</summary>
    public long VerifiedUntil => Volatile.Read(ref verifiedUntil);

    /// <summary>Whether the reports are recent enough to rely on. To be read before <see cref="Last"/>.</summary>
    public bool IsCurrent => VerifiedUntil is var since && since != long.MinValue && time.GetTimestamp() - since <= maxUnverified && maxUnverified > 0;

    /// <summary>The slot of a user.</summary>
    public static int SlotOf(string userId) => userId.GetHashCode(StringComparison.Ordinal) & (Slots - 1);

    /// <summary>
    /// The timestamp of the last invalidation of a slot. What was requested after it shows that change; as long as it stays the same, nothing
    /// new was reported.
    /// </summary>
    public long Last(int slot) => Math.Max(Volatile.Read(ref invalidated[slot]), Volatile.Read(ref allInvalidated));

    /// <summary>A user's part has changed.</summary>
    public void Invalidate(string userId) => Invalidate(ref invalidated[SlotOf(userId)]);

    /// <summary>Any part may have changed.</summary>
    public void InvalidateAll() => Invalidate(ref allInvalidated);

    /// <summary>Every change that was committed before that timestamp has been reported.</summary>
    public void Verify(long until) => Volatile.Write(ref verifiedUntil, until);

    // No two invalidations have the same timestamp, so that each is told from the one before.
    private void Invalidate(ref long at)
    {
        lock (invalidating)
            Volatile.Write(ref at, latest = Math.Max(time.GetTimestamp(), latest + 1));
    }
}
