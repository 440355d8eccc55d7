namespace Microservices.EventLog;

/// <summary>
/// The truth behind durable topics: reads events from where they are kept for good. The event log asks it before any reader is reset, and when
/// it may have lost writes itself; the outbox implements it. Thread-safe.
/// </summary>
public interface IEventHistory
{
    /// <summary>
    /// The events with offsets greater than <paramref name="after"/>, oldest first, at most <paramref name="maxEvents"/>, consecutive.
    /// May be asked for more than there is: then without events, but with the last offset.
    /// The payload and key are byte for byte what was, or will be, appended.
    /// </summary>
    /// <returns>Null when the topic is not known here. Only what is committed: an offset that was returned once is there for good.</returns>
    /// <remarks>An exception is logged, and the read is tried again later; it resets nobody.</remarks>
    ValueTask<HistoryPage?> ReadAsync(string topic, long after, int maxEvents, CancellationToken cancellationToken);
}

/// <summary>A range of a durable topic.</summary>
/// <param name="Epoch">The epoch of the topic's numbering, as given at append.</param>
/// <param name="LastOffset">The last offset committed, whether or not it is among the events; 0 when there is none.</param>
/// <param name="Events">The events, offsets consecutive.</param>
public sealed record HistoryPage(string Epoch, long LastOffset, IReadOnlyList<HistoryEvent> Events);

/// <summary>An event as the database has it.</summary>
/// <param name="Offset">Its offset.</param>
/// <param name="Payload">As it was, or will be, appended.</param>
/// <param name="Key">As it was, or will be, appended; empty for none.</param>
/// <param name="At">When it came about.</param>
/// <param name="TraceContext">As <see cref="NewEvent.TraceContext"/>.</param>
public readonly record struct HistoryEvent(long Offset, ReadOnlyMemory<byte> Payload, string Key, DateTimeOffset At, ReadOnlyMemory<byte> TraceContext = default);
