using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Notifications.V1;
using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Notifications;

/// <summary>What happens in inboxes: in that of one user, in those of one partition, or in all. A snapshot has the unread, oldest first.</summary>
internal sealed class WatchNotifications(IEventLog log, Database<NotificationsDbContext> database)
    : TopicSource<NotificationsDbContext, WatchNotificationsSubscription>(NotificationEvents.Topics, NotificationErrors.Domain, log, database)
{
    protected override async Task<IReadOnlyList<SnapshotItem>> SnapshotAsync(
        NotificationsDbContext context, string userId, string after, int count, CancellationToken cancellationToken)
    {
        var wanted = userId.Length == 0 ? context.Notifications : context.Notifications.Where(n => n.UserId == userId);
        var unread = await wanted
            .Where(n => n.ReadTime == null && string.Compare(n.NotificationId, after) > 0)
            .OrderBy(n => n.NotificationId)
            .Take(count)
            .ToListAsync(cancellationToken);
        return unread.ConvertAll(n => new SnapshotItem(n.NotificationId, n.UserId, new NotificationEvent { Notification = n.ToMessage(), Time = n.CreateTime.ToTimestamp() }));
    }
}
