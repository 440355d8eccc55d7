namespace Microservices.EventLog;

/// <summary>An event to append. The payload is not copied: leave it unchanged until the append is done.</summary>
public readonly record struct NewEvent
{
    private NewEvent(string topic, ReadOnlyMemory<byte> payload, string? key, string? epoch, long offset) =>
        (Topic, Payload, Key, Epoch, Offset) = (topic, payload, key ?? "", epoch ?? "", offset);

    /// <summary>The topic, see <see cref="TopicName"/>.</summary>
    public string Topic { get; }

    /// <summary>The event, as it will reach every subscriber.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>What the event is about, for readers that want the newest of each; empty when it has none. At most <see cref="EventRules.MaxKeyBytes"/>.</summary>
    public string Key { get; }

    /// <summary>
    /// The W3C trace context of what has caused the event, 16 bytes of trace-id and 8 of parent-id; empty where that is not recorded. It is no part of
    /// what the event is: with another one it is the same event.
    /// </summary>
    public ReadOnlyMemory<byte> TraceContext { get; init; }

    /// <summary>The epoch of a durable event; empty for a transient one.</summary>
    public string Epoch { get; }

    /// <summary>The offset of a durable event, from 1; 0 for a transient one.</summary>
    public long Offset { get; }

    /// <summary>An event that lives in the log only: the log gives it its offset, and an epoch when the topic is new.</summary>
    public static NewEvent Transient(string topic, ReadOnlyMemory<byte> payload, string? key = null) => new(topic, payload, key, null, 0);

    /// <summary>
    /// An event whose place comes from a database (an outbox row). Appending it again is harmless. The offsets of a topic are
    /// consecutive, from 1; the <see cref="EventLog.Epoch"/> names the life of the numbering: append with another one and
    /// the log starts anew. Where the log has nothing of the topic, lost or forgotten, it begins with this event: what came before it
    /// is in the <see cref="IEventHistory"/>.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="epoch">The life of the numbering.</param>
    /// <param name="offset">The place, from 1.</param>
    /// <param name="payload">The event.</param>
    /// <param name="key">What it is about.</param>
    /// <exception cref="ArgumentException">The epoch is empty or the offset below 1.</exception>
    public static NewEvent Durable(string topic, string epoch, long offset, ReadOnlyMemory<byte> payload, string? key = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(epoch);
        ArgumentOutOfRangeException.ThrowIfLessThan(offset, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, 1L << 53); // Lua's numbers are doubles.
        return new(topic, payload, key, epoch, offset);
    }
}
