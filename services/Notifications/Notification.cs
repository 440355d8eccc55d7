using Google.Protobuf.WellKnownTypes;
using Microservices.Orders.V1;

namespace Microservices.Notifications;

/// <summary>A notification as kept. All of it stays as it is but whether it was read.</summary>
internal sealed class Notification
{
    public required string NotificationId { get; init; }

    public required string UserId { get; init; }

    /// <summary>Which of the partitions of all users the user is in, so that a partition can be read by itself.</summary>
    public required int Partition { get; init; }

    public required OrderEventKind Kind { get; init; }

    public required string OrderId { get; init; }

    public required long OrderVersion { get; init; }

    public required OrderState OrderState { get; init; }

    public required DateTimeOffset EventTime { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>Null while it is unread.</summary>
    public DateTimeOffset? ReadTime { get; set; }

    public V1.Notification ToMessage() => new()
    {
        NotificationId = NotificationId,
        UserId = UserId,
        Kind = Kind,
        OrderId = OrderId,
        OrderVersion = OrderVersion,
        OrderState = OrderState,
        EventTime = EventTime.ToTimestamp(),
        CreateTime = CreateTime.ToTimestamp(),
        ReadTime = ReadTime?.ToTimestamp(),
    };
}
