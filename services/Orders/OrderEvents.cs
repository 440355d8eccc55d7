using Google.Protobuf.WellKnownTypes;
using Microservices.Orders.V1;
using Microservices.Persistence;

namespace Microservices.Orders;

/// <summary>
/// What Orders tells the world. Every event goes, in the transaction of its change, to two topics: that of its user, for who watches
/// one user, and one of a fixed number of partitions of all users, for who processes everything. An event's key is its order's id.
/// </summary>
internal static class OrderEvents
{
    public const string TopicPrefix = "orders/";

    /// <summary>How many partitions there are. Never to be changed: an event's place would.</summary>
    public const int Partitions = 16;

    public static string UserTopic(string userId) => $"{TopicPrefix}user/{userId}";

    public static string FeedTopic(int partition) => $"{TopicPrefix}feed/{partition}";

    /// <summary>Commits the event together with the change that is being made.</summary>
    public static void Tell(this OrdersDbContext orders, OrderEventKind kind, V1.Order order, DateTimeOffset time) => orders.AddEvent(
        [UserTopic(order.UserId), FeedTopic(Partition.Of(order.UserId, Partitions))],
        order.OrderId,
        new OrderEvent { Kind = kind, Order = order, Time = time.ToTimestamp() });
}
