using Microservices.Primitives;

namespace Microservices.Persistence;

/// <summary>
/// Where the outbox is relayed to: a log that takes an event at an offset once and drops repeats. A service joins its event log to
/// this. Used by one caller at a time.
/// </summary>
public interface IOutboxSink
{
    /// <summary>Appends events; those of one topic are consecutive and in order.</summary>
    /// <returns>One result per event, in the order given.</returns>
    Task<IReadOnlyList<OutboxAppended>> AppendAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken);

    /// <summary>Where the log of each topic ends, in the order given; nowhere for a topic that the log does not take.</summary>
    Task<IReadOnlyList<OutboxHead>> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken);
}

/// <summary>An event to be appended to the log. A log that has nothing of its topic, or of another epoch, begins with it.</summary>
public sealed record OutboxEntry(string Topic, string Epoch, long Offset, string Key, ReadOnlyMemory<byte> Payload);

/// <summary>What became of an event in the log.</summary>
public enum OutboxStatus
{
    /// <summary>The log has it, from now or from before.</summary>
    InLog,

    /// <summary>The log ends before the event's predecessor.</summary>
    Gap,

    /// <summary>The log has another event at that offset.</summary>
    Conflict,

    /// <summary>The log did not answer.</summary>
    Unavailable,

    /// <summary>The log does not take such an event and never will, as <see cref="OutboxAppended.Refusal"/> says.</summary>
    Refused,
}

/// <summary>What became of an event in the log, and where the topic's log ends now.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="LastOffset">Where the log ends.</param>
/// <param name="Refusal">Why it was refused, for people; else null.</param>
public readonly record struct OutboxAppended(OutboxStatus Status, long LastOffset, string? Refusal = null);

/// <summary>Where a topic's log ends: offset 0 and an empty epoch when there is none.</summary>
public readonly record struct OutboxHead(string Epoch, long LastOffset)
{
    /// <summary>
    /// A number that stands for what the topic tells of, the same in every process: within an epoch every event changes it for certain, and a
    /// new epoch does but for chance (1 in 2^64). Never 0. A digest of the epoch, plus the offset.
    /// </summary>
    public ulong ETag
    {
        get
        {
            var tag = unchecked(StableHash.Of(Epoch) + (ulong)LastOffset);
            return tag == 0 ? 1 : tag;
        }
    }
}
