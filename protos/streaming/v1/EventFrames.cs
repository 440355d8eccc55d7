using Google.Protobuf.Collections;

namespace Microservices.Streaming.V1;

/// <summary>A subscription as it is asked for, whatever its filter. Generated messages have these members already; a partial declaration says so.</summary>
public interface IEventSubscription
{
    /// <summary>Chosen by the subscriber; unique on its stream.</summary>
    uint SubscriptionId { get; set; }

    /// <summary>Where to go on; empty for from now on.</summary>
    string Cursor { get; set; }

    /// <summary>What a slow reader gets.</summary>
    EventDelivery Delivery { get; set; }

    /// <summary>What there is comes first.</summary>
    bool Snapshot { get; set; }

    /// <summary>Without a cursor: from the oldest event.</summary>
    bool FromEarliest { get; set; }
}

/// <summary>A subscription to what happens to one user, to one partition of the users, or to all.</summary>
public interface IKeyedSubscription : IEventSubscription
{
    /// <summary>The user; empty for all.</summary>
    string UserId { get; set; }

    /// <summary>Whether it is about a partition.</summary>
    bool HasPartition { get; }

    /// <summary>The partition, from 0.</summary>
    uint Partition { get; set; }
}

/// <summary>A frame from the subscriber; at most one member is set.</summary>
public interface IEventRequestFrame<TSubscription>
{
    /// <summary>Begins a subscription.</summary>
    TSubscription? Subscribe { get; set; }

    /// <summary>Ends one.</summary>
    EventUnsubscribe? Unsubscribe { get; set; }

    /// <summary>Says how far the subscriber has come.</summary>
    EventAck? Ack { get; set; }

    /// <summary>Says that it is there.</summary>
    EventHeartbeat? Heartbeat { get; set; }
}

/// <summary>A batch of events of one subscription.</summary>
public interface IEventBatch<TEvent>
{
    /// <summary>The subscription.</summary>
    uint SubscriptionId { get; }

    /// <summary>The place after it; empty within a snapshot.</summary>
    string Cursor { get; }

    /// <summary>The events.</summary>
    RepeatedField<TEvent> Events { get; }

    /// <summary>These say what there is, not what has changed.</summary>
    bool Snapshot { get; }
}

/// <summary>A frame from the service; at most one member is set.</summary>
public interface IEventResponseFrame<TBatch>
{
    /// <summary>A subscription stands.</summary>
    EventSubscribed? Subscribed { get; }

    /// <summary>Events.</summary>
    TBatch? Events { get; }

    /// <summary>Events may be missing.</summary>
    EventReset? Reset { get; }

    /// <summary>A subscription failed.</summary>
    EventFailed? Failed { get; }

    /// <summary>The stream is about to end.</summary>
    Draining? Draining { get; }
}
