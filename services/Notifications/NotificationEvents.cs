using Google.Protobuf.WellKnownTypes;
using Microservices.Notifications.V1;
using Microservices.Topics;

namespace Microservices.Notifications;

/// <summary>What Notifications publishes. An event's key is its notification's id.</summary>
internal static class NotificationEvents
{
    public static readonly KeyedTopics Topics = new("notifications", "user", NotificationEvent.Descriptor);

    /// <summary>Commits the event together with the change that is being made.</summary>
    public static void Publish(this NotificationsDbContext inboxes, NotificationEventKind kind, V1.Notification notification, DateTimeOffset time) =>
        inboxes.AddEvent(Topics.For(notification.UserId), notification.NotificationId, new NotificationEvent { Kind = kind, Notification = notification, Time = time.ToTimestamp() });
}
