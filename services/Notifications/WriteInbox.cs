using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Notifications;

/// <summary>Puts a notification into the inbox of an order's user for every event of the order.</summary>
internal sealed class WriteInbox(TimeProvider time) : IPartitionHandler<NotificationsDbContext, OrderEvent>
{
    public DateTimeOffset TimeOf(OrderEvent happened) => happened.Time.ToDateTimeOffset();

    public async Task<HandledEvents> HandleAsync(NotificationsDbContext context, IReadOnlyList<OrderEvent> events, CancellationToken cancellationToken)
    {
        var seen = await SeenAsync(context, events, cancellationToken);
        var wanted = events.Where(e => seen.Add((e.Order.OrderId, e.Order.Version))).ToList();
        var now = time.GetUtcNow().ToMicroseconds();
        var ids = NewIds(now, wanted.Count);
        foreach (var (i, happened) in wanted.Index())
        {
            var notification = new Notification
            {
                NotificationId = ids[i],
                UserId = happened.Order.UserId,
                Partition = KeyedTopics.PartitionOf(happened.Order.UserId),
                Kind = happened.Kind,
                OrderId = happened.Order.OrderId,
                OrderVersion = happened.Order.Version,
                OrderState = happened.Order.State,
                EventTime = TimeOf(happened),
                CreateTime = now,
            };
            context.Add(notification);
            context.Publish(NotificationEventKind.Created, notification.ToMessage(), now);
        }

        return new(events.Count, wanted.Count);
    }

    /// <summary>What is in the inboxes already: nothing, but after a reset.</summary>
    private static async Task<HashSet<(string OrderId, long Version)>> SeenAsync(
        NotificationsDbContext context, IReadOnlyList<OrderEvent> events, CancellationToken cancellationToken)
    {
        var orderIds = events.Select(e => e.Order.OrderId).Distinct().ToList();
        var seen = await context.Notifications
            .Where(n => orderIds.Contains(n.OrderId))
            .Select(n => new { n.OrderId, n.OrderVersion })
            .ToListAsync(cancellationToken);
        return [.. seen.Select(n => (n.OrderId, n.OrderVersion))];
    }

    /// <summary>Sorted, since those made within a millisecond come in any order, and a list goes by them.</summary>
    private static List<string> NewIds(DateTimeOffset now, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7(now).ToString()).Order(StringComparer.Ordinal)];
}
