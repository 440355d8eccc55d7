using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Topics;
using Microservices.Users.V1;

namespace Microservices.Webhooks;

/// <summary>Registers where the events come from.</summary>
internal static class FeedsRegistration
{
    public static void AddFeeds(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<FanOut>();
        builder.Services.AddEventStreamClient(UsersService.WatchUsers, "Backends:Users");
        builder.Services.AddEventStreamClient(OrdersService.WatchOrders, "Backends:Orders");
        builder.Services.AddEventStreamClient(NotificationsService.WatchNotifications, "Backends:Notifications");
        builder.AddPartitionConsumer<WebhooksDbContext, UserEvent, UserFeed>("users");
        builder.AddPartitionConsumer<WebhooksDbContext, OrderEvent, OrderFeed>("orders");
        builder.AddPartitionConsumer<WebhooksDbContext, NotificationEvent, NotificationFeed>("notifications");
    }
}
