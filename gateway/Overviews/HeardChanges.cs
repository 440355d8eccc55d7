using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// What a service has told of changes to one kind of part: whose it changed, and up to when that is known to be all. A part that was
/// asked for after the last change that was heard of its user, and is not known to be older than <see cref="GatewayOptions.MaxUnverified"/>,
/// is current, and is given without asking. Users share a slot with some others, whose changes count as theirs: that costs a question, and
/// keeps this small however many users there are. Thread-safe.
/// </summary>
/// <typeparam name="T">The kind of part.</typeparam>
internal sealed class HeardChanges<T>(IOptions<GatewayOptions> options, TimeProvider time)
{
    private const int Slots = 1 << 16;
    private readonly long maxUnverified = (long)(options.Value.MaxUnverified.TotalSeconds * time.TimestampFrequency);
    private readonly long[] heard = new long[Slots];
    private readonly Lock hearing = new();
    private long latest;
    private long heardOfAll;
    private long current = long.MinValue;

    /// <summary>The timestamp up to which everything that had changed has been heard of; <see cref="long.MinValue"/> before that was ever so.</summary>
    public long Current => Volatile.Read(ref current);

    /// <summary>Whether what has not been heard to change is as it is now, near enough. To be asked before <see cref="Last"/>.</summary>
    public bool IsCurrent => Current is var since && since != long.MinValue && time.GetTimestamp() - since <= maxUnverified && maxUnverified > 0;

    /// <summary>Where the changes of a user are remembered.</summary>
    public static int SlotOf(string userId) => userId.GetHashCode(StringComparison.Ordinal) & (Slots - 1);

    /// <summary>
    /// The timestamp of the last change that was heard, or may have been missed. What was asked for since is from after it; as long as
    /// this stays the same, nothing new was heard.
    /// </summary>
    public long Last(int slot) => Math.Max(Volatile.Read(ref heard[slot]), Volatile.Read(ref heardOfAll));

    /// <summary>A user's part has changed.</summary>
    public void Hear(string userId) => Hear(ref heard[SlotOf(userId)]);

    /// <summary>Anything may have changed.</summary>
    public void HearOfAll() => Hear(ref heardOfAll);

    /// <summary>All changes that were committed before that timestamp have been heard of.</summary>
    public void HeardAll(long until) => Volatile.Write(ref current, until);

    // No two at the same timestamp: each is told from the one before.
    private void Hear(ref long at)
    {
        lock (hearing)
            Volatile.Write(ref at, latest = Math.Max(time.GetTimestamp(), latest + 1));
    }
}
