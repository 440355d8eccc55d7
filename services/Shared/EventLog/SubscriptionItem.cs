namespace Microservices.EventLog;

/// <summary>What a subscription yields: one <see cref="Subscribed"/>, then <see cref="EventBatch"/>es, and rarely a <see cref="StreamReset"/>.</summary>
public abstract record SubscriptionItem
{
    private protected SubscriptionItem(Cursor cursor) => Cursor = cursor;

    /// <summary>The place after this item: resume from here and get what follows it.</summary>
    public Cursor Cursor { get; }
}

/// <summary>The subscription stands: every event after <see cref="SubscriptionItem.Cursor"/> follows.</summary>
public sealed record Subscribed : SubscriptionItem
{
    internal Subscribed(Cursor cursor, bool recovered)
        : base(cursor) => Recovered = recovered;

    /// <summary>Events follow the cursor asked for without a gap. When not, a <see cref="StreamReset"/> comes next.</summary>
    public bool Recovered { get; }
}

/// <summary>Events, at least one; in order within each topic. Subscribers of one topic that are at the same place share one instance.</summary>
public sealed record EventBatch : SubscriptionItem
{
    private object? made;

    internal EventBatch(IReadOnlyList<LogEvent> events, Cursor cursor)
        : base(cursor) => Events = events;

    /// <summary>The events.</summary>
    public IReadOnlyList<LogEvent> Events { get; }

    /// <summary>What is made of the events to send them on, made once for all subscribers that share them. It must not change.</summary>
    public T Once<T>(Func<EventBatch, T> make)
        where T : class
    {
        if (made is T known)
            return known;
        var result = make(this);
        made = result;
        return result;
    }
}

/// <summary>Why events cannot be connected to what the subscriber has seen.</summary>
public enum ResetReason
{
    /// <summary>The events that follow its place are no longer held, neither by the log nor by a history.</summary>
    Truncated,

    /// <summary>It has seen events that are no longer part of the topic: a failover lost them.</summary>
    Forked,

    /// <summary>The topic's numbering began anew, or its log is gone.</summary>
    EpochChanged,
}

/// <summary>
/// Events may be missing, or be seen that no longer are: take a fresh snapshot. The subscription goes on after
/// <see cref="SubscriptionItem.Cursor"/>: with the oldest event that this subscriber cannot have seen, or, after a fork, with the newest.
/// </summary>
public sealed record StreamReset : SubscriptionItem
{
    internal StreamReset(string topic, ResetReason reason, Cursor cursor)
        : base(cursor) => (Topic, Reason) = (topic, reason);

    /// <summary>The topic that it is about; the other topics of the subscription are not disturbed.</summary>
    public string Topic { get; }

    /// <summary>Why.</summary>
    public ResetReason Reason { get; }
}
