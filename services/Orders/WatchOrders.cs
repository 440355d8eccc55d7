using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Orders.V1;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Orders;

/// <summary>
/// What happens to orders: to those of one user, of one partition, or to all. A snapshot has the orders whatever their state, those of a user
/// oldest first, as the index has them.
/// </summary>
internal sealed class WatchOrders(IEventLog log, SnapshotReader<OrdersDbContext> snapshots)
    : TopicSource<OrdersDbContext>(OrderEvents.Topics, OrderErrors.Domain, log, snapshots)
{
    protected override IAsyncEnumerable<SnapshotItem> Snapshot(OrdersDbContext context, SnapshotScope scope, string after, int count)
    {
        var ofUser = scope.Key.Length > 0;
        var orders = ofUser ? OfUser(context.Orders.Where(o => o.UserId == scope.Key), after) : ById(context.Orders, scope, after);
        return orders.Take(count).AsAsyncEnumerable().Select(o => new SnapshotItem(
            ofUser ? OrderPosition.Of(o) : o.OrderId, new OrderEvent { Order = o.ToMessage(), Time = o.UpdateTime.ToTimestamp() }));
    }

    private static IQueryable<Order> OfUser(IQueryable<Order> orders, string after)
    {
        if (after.Length > 0 && OrderPosition.TryParse(after, out var time, out var id))
            orders = orders.Where(o => o.PlaceTime >= time && (o.PlaceTime > time || string.Compare(o.OrderId, id) > 0));
        return orders.OrderBy(o => o.PlaceTime).ThenBy(o => o.OrderId);
    }

    private static IQueryable<Order> ById(IQueryable<Order> orders, SnapshotScope scope, string after)
    {
        if (scope.Partition is { } partition)
            orders = orders.Where(o => o.Partition == partition);
        return orders.Where(o => string.Compare(o.OrderId, after) > 0).OrderBy(o => o.OrderId);
    }
}
