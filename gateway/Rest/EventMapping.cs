using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using ProtoNotification = Microservices.Notifications.V1.Notification;
using ProtoNotificationEvent = Microservices.Notifications.V1.NotificationEvent;
using ProtoNotificationKind = Microservices.Notifications.V1.NotificationEventKind;
using ProtoOrderEvent = Microservices.Orders.V1.OrderEvent;
using ProtoOrderKind = Microservices.Orders.V1.OrderEventKind;

namespace Microservices.Gateway.Rest;

/// <summary>The services' events as JSON resources.</summary>
internal static class EventMapping
{
    public static OrderEvent ToJson(this ProtoOrderEvent told, ByteString cause) => new()
    {
        Kind = told.Kind.ToJson(),
        Order = (told.Order ?? new()).ToJson(),
        Time = Utc(told.Time),
        Traceparent = TraceContext.ToTraceparent(cause.Span),
    };

    public static NotificationEvent ToJson(this ProtoNotificationEvent told, ByteString cause) => new()
    {
        Kind = told.Kind switch
        {
            ProtoNotificationKind.Created => NotificationEventKind.Created,
            ProtoNotificationKind.Read => NotificationEventKind.Read,
            _ => NotificationEventKind.Unknown,
        },
        Notification = (told.Notification ?? new()).ToJson(),
        Time = Utc(told.Time),
        Traceparent = TraceContext.ToTraceparent(cause.Span),
    };

    public static string ToJson(this EventResetReason reason) => reason switch
    {
        EventResetReason.Truncated => "truncated",
        EventResetReason.Forked => "forked",
        EventResetReason.EpochChanged => "epoch_changed",
        EventResetReason.Restarted => "restarted",
        _ => "unknown",
    };

    public static Notification ToJson(this ProtoNotification notification) => new()
    {
        NotificationId = notification.NotificationId,
        UserId = notification.UserId,
        Kind = notification.Kind.ToJson(),
        OrderId = notification.OrderId,
        OrderVersion = notification.OrderVersion,
        OrderState = notification.OrderState.ToJson(),
        EventTime = Utc(notification.EventTime),
        CreateTime = Utc(notification.CreateTime),
        ReadTime = notification.ReadTime?.ToDateTime(),
    };

    private static OrderEventKind ToJson(this ProtoOrderKind kind) => kind switch
    {
        ProtoOrderKind.Placed => OrderEventKind.Placed,
        ProtoOrderKind.Advanced => OrderEventKind.Advanced,
        ProtoOrderKind.Cancelled => OrderEventKind.Cancelled,
        _ => OrderEventKind.Unknown,
    };

    private static DateTime Utc(Timestamp? timestamp) => (timestamp ?? new Timestamp()).ToDateTime();
}
