using Google.Protobuf.Collections;

namespace Microservices.Streaming.V1;

/// <summary>A frame from the subscriber of an event stream; at most one member is set. The messages of an event stream have these members; its generator says so.</summary>
public interface IEventRequestFrame
{
    /// <summary>Begins a subscription.</summary>
    Subscription? Subscribe { get; set; }

    /// <summary>Ends one.</summary>
    EventUnsubscribe? Unsubscribe { get; set; }

    /// <summary>Says how far the subscriber has come.</summary>
    EventAck? Ack { get; set; }

    /// <summary>Says that it is there.</summary>
    EventHeartbeat? Heartbeat { get; set; }

    /// <summary>Shows a newer access token.</summary>
    EventAuthenticate? Authenticate { get; set; }
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

    /// <summary>What has caused them, where that is sampled; null when there is nothing of the kind.</summary>
    EventCauses? Causes { get; }
}

/// <summary>A frame from the service; at most one member is set.</summary>
public interface IEventResponseFrame<TEvent>
{
    /// <summary>A subscription stands.</summary>
    EventSubscribed? Subscribed { get; }

    /// <summary>Events.</summary>
    IEventBatch<TEvent>? Events { get; }

    /// <summary>Events may be missing.</summary>
    EventReset? Reset { get; }

    /// <summary>A subscription failed.</summary>
    EventFailed? Failed { get; }

    /// <summary>The stream is about to end.</summary>
    Draining? Draining { get; }
}
