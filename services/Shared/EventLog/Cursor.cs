using System.Diagnostics.CodeAnalysis;

namespace Microservices.EventLog;

/// <summary>One topic's place within a cursor; the topic by its digest, so that a cursor stays short and names nothing.</summary>
internal readonly record struct CursorEntry(ulong TopicHash, Position Position);

/// <summary>
/// An opaque place in one or several topics. Its text is ASCII without spaces or line breaks (base64url), about 45 characters a
/// topic, carries a checksum, and works at any replica and as an SSE event id. It says where to read from, not who may: it is no
/// secret and no permission. Immutable.
/// </summary>
public sealed class Cursor : IEquatable<Cursor>
{
    /// <summary>The longest text that is looked at, in characters.</summary>
    public const int MaxLength = 16_384;

    private readonly CursorEntry[] entries;
    private string? text;

    internal Cursor(CursorEntry[] entries) => this.entries = entries;

    /// <summary>Before the oldest event of every topic.</summary>
    public static Cursor Earliest { get; } = new([]);

    internal ReadOnlySpan<CursorEntry> Entries => entries;

    /// <summary>
    /// After a given offset of a topic: for a reader that took its snapshot from the database together with the topic's last offset.
    /// Offset 0 and an empty epoch: before the first event of a topic that never had one.
    /// </summary>
    /// <exception cref="ArgumentException">The topic or epoch is not allowed, or the offset is negative.</exception>
    public static Cursor At(string topic, string epoch, long offset)
    {
        TopicName.ThrowIfInvalid(topic);
        if (epoch.Length > 0 || offset != 0)
            Epoch.ThrowIfInvalid(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return new([new CursorEntry(HashOf(topic), new Position(epoch, offset, 0))]);
    }

    /// <summary>One cursor with the places of all; where two have a place in the same topic, the later argument's counts.</summary>
    public static Cursor Combine(params ReadOnlySpan<Cursor> cursors)
    {
        var all = new Dictionary<ulong, CursorEntry>();
        foreach (var cursor in cursors)
        {
            foreach (var entry in cursor.entries)
                all[entry.TopicHash] = entry;
        }

        return new([.. all.Values]);
    }

    /// <summary>The epoch and offset of its place in a topic; false when it has none there.</summary>
    public bool TryGetOffset(string topic, out string epoch, out long offset)
    {
        var found = TryGet(topic, out var position);
        (epoch, offset) = found ? (position.Epoch, position.Offset) : ("", 0);
        return found;
    }

    /// <summary>Whether it has a place in each topic that the other has one in, in the same epoch, and not before it.</summary>
    public bool IsAtOrAfter(Cursor other)
    {
        foreach (var (topic, place) in other.entries)
        {
            if (!TryGet(topic, out var mine) || !place.IsOf(mine.Epoch) || mine.Offset < place.Offset)
                return false;
        }

        return true;
    }

    /// <summary>Reads a cursor's text. False for anything that <see cref="ToString"/> did not write, as far as a checksum tells.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Cursor? cursor) => CursorCodec.TryDecode(text, out cursor);

    /// <summary>The text.</summary>
    public override string ToString() => text ??= CursorCodec.Encode(entries);

    /// <inheritdoc/>
    public bool Equals(Cursor? other) => other is not null && entries.AsSpan().SequenceEqual(other.entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Cursor);

    /// <inheritdoc/>
    public override int GetHashCode() => entries.Length == 0 ? 0 : entries[0].GetHashCode();

    internal static ulong HashOf(string topic) => StableHash.Of(topic);

    internal bool TryGet(string topic, out Position position) => TryGet(HashOf(topic), out position);

    private bool TryGet(ulong topicHash, out Position position)
    {
        foreach (var entry in entries)
        {
            if (entry.TopicHash == topicHash)
            {
                position = entry.Position;
                return true;
            }
        }

        position = default;
        return false;
    }
}
