using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Events as services publish them, about the user "ada".</summary>
internal static class TestEvents
{
    private static readonly Timestamp Time = Timestamp.FromDateTime(new DateTime(2026, 1, 31, 13, 0, 0, DateTimeKind.Utc));

    public static OrderEvent Order(string id, long version = 1)
    {
        var order = GatewayFixture.Order(id, "ada");
        order.Version = version;
        return new OrderEvent { Kind = OrderEventKind.Advanced, Order = order, Time = Time };
    }

    public static UserEvent User(long version)
    {
        var user = GatewayFixture.User("ada");
        user.Version = version;
        return new UserEvent { Kind = UserEventKind.Updated, User = user, Time = Time };
    }

    public static NotificationEvent Notification(string id) => new()
    {
        Kind = NotificationEventKind.Created,
        Notification = new Notification
        {
            NotificationId = id,
            UserId = "ada",
            Kind = OrderEventKind.Placed,
            OrderId = "o1",
            OrderVersion = 1,
            OrderState = OrderState.Placed,
            EventTime = Time,
            CreateTime = Time,
        },
        Time = Time,
    };

    public static IEnumerable<OrderEvent> Orders(int first, int count) => Enumerable.Range(first, count).Select(i => Order(i.ToString(CultureInfo.InvariantCulture)));
}
