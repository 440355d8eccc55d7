using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Notifications.V1;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Notifications;

/// <summary>What happens in inboxes: in that of one user, in those of one partition, or in all. A snapshot has the unread, oldest first.</summary>
internal sealed class WatchNotifications(IEventLog log, SnapshotReader<NotificationsDbContext> snapshots)
    : TopicSource<NotificationsDbContext>(NotificationEvents.Topics, NotificationErrors.Domain, log, snapshots)
{
    protected override IAsyncEnumerable<SnapshotItem> Snapshot(NotificationsDbContext context, SnapshotScope scope, string after, int count)
    {
        var wanted = scope.Key.Length > 0 ? context.Notifications.Where(n => n.UserId == scope.Key)
            : scope.Partition is { } partition ? context.Notifications.Where(n => n.Partition == partition)
            : context.Notifications;
        return wanted
            .Where(n => n.ReadTime == null && string.Compare(n.NotificationId, after) > 0)
            .OrderBy(n => n.NotificationId)
            .Take(count)
            .AsAsyncEnumerable()
            .Select(n => new SnapshotItem(
                n.NotificationId, new NotificationEvent { Notification = n.ToMessage(), Time = n.CreateTime.ToTimestamp() }));
    }
}
