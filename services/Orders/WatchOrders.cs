using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Orders;

/// <summary>What happens to orders: to those of one user, of one partition, or to all. A snapshot has the orders by id, whatever their state.</summary>
internal sealed class WatchOrders(IEventLog log, Database<OrdersDbContext> database)
    : TopicSource<OrdersDbContext, WatchOrdersSubscription>(OrderEvents.Topics, OrderErrors.Domain, log, database)
{
    protected override async Task<IReadOnlyList<SnapshotItem>> SnapshotAsync(OrdersDbContext context, string userId, string after, int count, CancellationToken cancellationToken)
    {
        var wanted = userId.Length == 0 ? context.Orders : context.Orders.Where(o => o.UserId == userId);
        var orders = await wanted
            .Where(o => string.Compare(o.OrderId, after) > 0)
            .OrderBy(o => o.OrderId)
            .Take(count)
            .ToListAsync(cancellationToken);
        return orders.ConvertAll(o => new SnapshotItem(o.OrderId, o.UserId, new OrderEvent { Order = o.ToMessage(), Time = o.UpdateTime.ToTimestamp() }));
    }
}
