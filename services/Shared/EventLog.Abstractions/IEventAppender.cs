namespace Microservices.EventLog;

/// <summary>
/// A log that takes an event at an offset once and drops repeats: the event log, to which the outbox appends. Thread-safe.
/// </summary>
public interface IEventAppender
{
    /// <summary>The most events that it keeps of one durable topic: to one that has lost a topic no more are appended again.</summary>
    int MaxEvents { get; }

    /// <summary>How long it keeps an event at the most.</summary>
    TimeSpan MaxAge { get; }

    /// <summary>
    /// Appends many events of any topics in one pipelined call; the events of one topic in the order given. Events of one
    /// topic are either all transient or all durable of one epoch.
    /// </summary>
    /// <returns>
    /// One result per event, in the order given. Where the log did not answer: <see cref="AppendStatus.Unavailable"/>. Where the topic's name, the
    /// epoch, the key or the size is not allowed (<see cref="EventRules"/>): <see cref="AppendStatus.Refused"/>, and the others are appended.
    /// </returns>
    /// <exception cref="ArgumentException">One topic's events differ in kind.</exception>
    Task<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default);

    /// <summary>Where the log of each topic ends, in one pipelined call: with it a relay sees what a flushed or rewound log lacks. </summary>
    /// <returns>One head per topic, in the order given; offset 0 and an empty epoch where there is no log, or can be none by that name.</returns>
    /// <exception cref="EventLogUnavailableException">It does not answer.</exception>
    Task<IReadOnlyList<TopicHead>> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken = default);
}
