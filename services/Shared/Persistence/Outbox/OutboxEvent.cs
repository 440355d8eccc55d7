namespace Microservices.Persistence;

/// <summary>
/// An event as committed with the change that it tells of. Rows are kept for a while after they were relayed: they are the history
/// that serves readers older than the log.
/// </summary>
public sealed class OutboxEvent
{
    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The place in the topic: from 1, in the order of commits, without holes.</summary>
    public required long Offset { get; init; }

    /// <summary>What the event is about; empty for nothing in particular.</summary>
    public required string Key { get; set; }

    /// <summary>The event, as every subscriber gets it. Empty where one was set aside (<see cref="QuarantinedEvent"/>): no subscriber gets it.</summary>
    public required byte[] Payload { get; set; }

    /// <summary>The trace context of what has caused it; null where that was not recorded.</summary>
    public required byte[]? TraceContext { get; init; }

    /// <summary>When it was committed, in Unix milliseconds; never less than that of the event before it in its topic.</summary>
    public required long CreatedAtMs { get; init; }
}

/// <summary>
/// An event that the log refused and will never take, set aside so that it does not hold up what comes after it. Its place in the topic is kept
/// by an event without content, which readers are not given. Stays until an operator deletes it.
/// </summary>
public sealed class QuarantinedEvent
{
    internal const int MaxReasonLength = 512;

    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The life of the topic's numbering.</summary>
    public required string Epoch { get; init; }

    /// <summary>Its place in the topic.</summary>
    public required long Offset { get; init; }

    /// <summary>What it is about.</summary>
    public required string Key { get; init; }

    /// <summary>The event as it was committed.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>When it was committed, in Unix milliseconds.</summary>
    public required long CreatedAtMs { get; init; }

    /// <summary>When it was set aside, in Unix milliseconds.</summary>
    public required long SetAsideAtMs { get; init; }

    /// <summary>Why the log refused it, for people.</summary>
    public required string Reason { get; init; }
}

/// <summary>
/// The counter of a topic, and how far it was relayed. A transaction that adds events takes the counter's row lock, so offsets
/// become visible in order; a database sequence would not do that. The row stays for as long as the topic may get events.
/// </summary>
public sealed class OutboxTopic
{
    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The life of the numbering; another one makes the log begin anew.</summary>
    public required string Epoch { get; set; }

    /// <summary>The offset of the newest event.</summary>
    public required long LastOffset { get; set; }

    /// <summary>The log has the events up to this offset. Set back, it makes the relay append them again.</summary>
    public required long RelayedOffset { get; set; }

    /// <summary>When the newest event was committed, in Unix milliseconds.</summary>
    public required long UpdatedAtMs { get; set; }
}

/// <summary>Which replica relays the outbox, and until when.</summary>
public sealed class OutboxLease
{
    /// <summary>What is leased.</summary>
    public required string Name { get; init; }

    /// <summary>The process that has it.</summary>
    public required string Owner { get; set; }

    /// <summary>When it is free for others, in Unix milliseconds by the database's clock. Further ahead than a lease lasts, it is free now.</summary>
    public required long ExpiresAtMs { get; set; }
}
