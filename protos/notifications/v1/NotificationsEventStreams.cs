using Microservices.Streaming.V1;

namespace Microservices.Notifications.V1;

/// <content>The event streams of the service.</content>
public static partial class NotificationsService
{
    /// <summary>WatchNotifications, for <c>AddEventStreamServer</c> and <c>AddEventStreamClient</c>.</summary>
    public static EventStreamMethod<WatchNotificationsRequest, WatchNotificationsSubscription, WatchNotificationsResponse, WatchNotificationsEvents, NotificationEvent> WatchNotificationsStream =>
        field ??= new(__Method_WatchNotifications);
}

/// <content>Carried by an event stream.</content>
public sealed partial class WatchNotificationsRequest : IEventRequestFrame<WatchNotificationsSubscription>;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchNotificationsSubscription : IKeyedSubscription;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchNotificationsResponse : IEventResponseFrame<WatchNotificationsEvents>;

/// <content>Carried by an event stream.</content>
public sealed partial class WatchNotificationsEvents : IEventBatch<NotificationEvent>;
