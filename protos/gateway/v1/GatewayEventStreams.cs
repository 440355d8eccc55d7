using Microservices.Streaming.V1;

namespace Microservices.Gateway.V1;

/// <content>The event streams of the service.</content>
public static partial class GatewayService
{
    /// <summary>WatchOverview, for <c>AddEventStreamServer</c> and <c>AddEventStreamClient</c>.</summary>
    public static EventStreamMethod<WatchOverviewRequest, WatchOverviewSubscription, WatchOverviewResponse, WatchOverviewEvents, OverviewEvent> WatchOverviewStream =>
        field ??= new(__Method_WatchOverview);
}

/// <content>Carried by an event stream.</content>
public sealed partial class WatchOverviewRequest : IEventRequestFrame<WatchOverviewSubscription>;

/// <content>Carried by an event stream. There is always a snapshot, and no earlier event to begin with: the contract has no field for either.</content>
public sealed partial class WatchOverviewSubscription : IEventSubscription
{
    bool IEventSubscription.Snapshot
    {
        get => true;
        set { }
    }

    bool IEventSubscription.FromEarliest
    {
        get => false;
        set { }
    }
}

/// <content>Carried by an event stream.</content>
public sealed partial class WatchOverviewResponse : IEventResponseFrame<WatchOverviewEvents>;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchOverviewEvents : IEventBatch<OverviewEvent>;
