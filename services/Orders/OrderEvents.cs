using Google.Protobuf.WellKnownTypes;
using Microservices.Orders.V1;
using Microservices.Topics;

namespace Microservices.Orders;

/// <summary>What Orders publishes. An event's key is its order's id.</summary>
internal static class OrderEvents
{
    public static readonly KeyedTopics Topics = new("orders", "user", OrderEvent.Descriptor);

    /// <summary>Commits the event together with the change that is being made.</summary>
    public static void Publish(this OrdersDbContext orders, OrderEventKind kind, V1.Order order, DateTimeOffset time) =>
        orders.AddEvent(Topics.For(order.UserId), order.OrderId, new OrderEvent { Kind = kind, Order = order, Time = time.ToTimestamp() });
}
