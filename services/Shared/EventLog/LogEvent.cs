namespace Microservices.EventLog;

/// <summary>
/// An event of a topic. Immutable; one instance, and one copy of the bytes, is shared by all subscribers of a process.
/// </summary>
public sealed class LogEvent
{
    internal LogEvent(string topic, string epoch, long offset, ulong id, ulong link, long appendedAtMs, string key, ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> traceContext = default) =>
        (Topic, Epoch, Offset, Id, Link, AppendedAtMs, Key, Payload, TraceContext) = (topic, epoch, offset, id, link, appendedAtMs, key, payload, traceContext);

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The life of the topic's numbering; offsets of different epochs do not compare.</summary>
    public string Epoch { get; }

    /// <summary>The place in the topic: from 1, without gaps.</summary>
    public long Offset { get; }

    /// <summary>What the event is about; empty when it was appended without.</summary>
    public string Key { get; }

    /// <summary>The event, as it was appended. Shared: do not change what it refers to.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The trace context of what has caused it, as it was appended; empty where that is not recorded.</summary>
    public ReadOnlyMemory<byte> TraceContext { get; }

    /// <summary>When it was appended, by the appending process's clock; of an event that a history has, when it came about. To the millisecond.</summary>
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(AppendedAtMs);

    /// <summary>The same, in Unix milliseconds.</summary>
    internal long AppendedAtMs { get; }

    /// <summary>Never 0. Random for transient events, a digest of place and content for durable ones.</summary>
    internal ulong Id { get; }

    /// <summary>The id of the event before it; 0 where that is not known.</summary>
    internal ulong Link { get; }

    internal Position Position => new(Epoch, Offset, Id);

    /// <summary>About what it occupies in memory, in bytes.</summary>
    internal int Size => Payload.Length + Key.Length + 128;
}
