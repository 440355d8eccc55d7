namespace Microservices.EventLog;

/// <summary>
/// Topics of events in Redis: appended atomically, bounded by count, age and bytes, published live to every process, and read again by
/// cursor. Thread-safe. A subscriber gets every event of its topics once and in order, or an explicit <see cref="StreamReset"/>.
/// Redis may be down at any time: appends then fail fast, subscriptions stay open and catch up.
/// </summary>
public interface IEventLog : IEventAppender
{
    /// <summary>Appends one event.</summary>
    /// <returns>What became of it; for a durable event check <see cref="AppendResult.Status"/>.</returns>
    /// <exception cref="EventLogUnavailableException">Redis did not answer. It may have appended the event all the same;
    /// appending a durable event again is harmless, a transient one may then be there twice.</exception>
    /// <exception cref="ArgumentException">The topic's name, the epoch or the size of the event is not allowed.</exception>
    Task<AppendResult> AppendAsync(NewEvent appended, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads the events of a topic that Redis holds after the cursor's place, oldest first. Asks no <see cref="IEventHistory"/>.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="after">Where to start, exclusive: <see cref="Cursor.Earliest"/>, or a cursor with a place in the topic.</param>
    /// <param name="maxEvents">At most this many events, 1 or more.</param>
    /// <param name="maxBytes">At most about this many bytes, but at least one event.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="EventLogUnavailableException">Redis did not answer.</exception>
    /// <exception cref="InvalidDataException">The log holds something that is not an event.</exception>
    Task<LogPage> ReadAsync(string topic, Cursor after, int maxEvents, long maxBytes, CancellationToken cancellationToken = default);

    /// <summary>What Redis holds of each topic, in one pipelined call.</summary>
    /// <returns>One for each topic, in the order given; nothing is held where there is no log.</returns>
    /// <exception cref="EventLogUnavailableException">Redis did not answer.</exception>
    /// <exception cref="ArgumentException">A topic's name is not allowed.</exception>
    Task<IReadOnlyList<TopicExtent>> ReadExtentsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken = default);

    /// <summary>How many subscriptions this process has to a topic now.</summary>
    int ReadersOf(string topic);

    /// <summary>
    /// Follows one or several topics. Returns at once, also while Redis is down; enumerate the subscription to receive, dispose
    /// it to end. A consumer may take its time with an item and holds up nobody else. However many subscriptions a process has, it has one Redis subscription per topic.
    /// </summary>
    /// <param name="topics">One or more distinct topics. Order is kept within each topic.</param>
    /// <param name="from">Null: from now on. <see cref="Cursor.Earliest"/>: from the oldest event there is. Else after the cursor;
    /// a topic that the cursor has no place in is read from its oldest event.</param>
    /// <param name="delivery">What a slow reader gets.</param>
    /// <exception cref="ArgumentException">A topic's name is not allowed, or there is none.</exception>
    EventSubscription Subscribe(IReadOnlyList<string> topics, Cursor? from = null, Delivery delivery = Delivery.Lossless);
}
