using Microservices.Streaming.V1;

namespace Microservices.Orders.V1;

/// <content>The event streams of the service.</content>
public static partial class OrdersService
{
    /// <summary>WatchOrders, for <c>AddEventStreamServer</c> and <c>AddEventStreamClient</c>.</summary>
    public static EventStreamMethod<WatchOrdersRequest, WatchOrdersSubscription, WatchOrdersResponse, WatchOrdersEvents, OrderEvent> WatchOrdersStream =>
        field ??= new(__Method_WatchOrders);
}

/// <content>Carried by an event stream.</content>
public sealed partial class WatchOrdersRequest : IEventRequestFrame<WatchOrdersSubscription>;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchOrdersSubscription : IKeyedSubscription;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchOrdersResponse : IEventResponseFrame<WatchOrdersEvents>;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchOrdersEvents : IEventBatch<OrderEvent>;
