using Microservices.Gateway.V1;
using Microservices.Hosting;
using Microservices.Jobs.V1;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Users.V1;
using Microservices.Webhooks.V1;

namespace Microservices.Gateway.Events;

internal static class EventsRegistration
{
    public static void AddEvents(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<EventsOptions, EventsOptionsValidator>("Events");
        builder.AddMetrics<EventsMetrics>();
        builder.Services.AddSingleton<SubscriptionQuota>();
        builder.Services.AddSingleton<StreamLifetime>();
        builder.Services.AddSingleton<SseStreams>();
        builder.Services.AddSingleton<IOpenStreams>(services => services.GetRequiredService<SseStreams>());
        builder.Services.AddSingleton<MergedUserEvents>();
        builder.Services.AddSingleton<EndpointEvents>();
        builder.Services.AddSingleton<SourceEvents>();
        builder.Services.AddSingleton<JobEvents>();
        builder.Services.AddSingleton<FlowEvents>();
        builder.Services.AddSingleton<MergedEventStreams>();
        builder.Services.AddEventStreamClient(OrdersService.WatchOrders, "Backends:Orders");
        builder.Services.AddEventStreamClient(NotificationsService.WatchNotifications, "Backends:Notifications");
        builder.Services.AddEventStreamClient(UsersService.WatchUsers, "Backends:Users");
        builder.Services.AddEventStreamClient(WebhooksService.WatchDeliveries, "Backends:Webhooks");
        builder.Services.AddEventStreamClient(SourcesService.WatchReceived, "Backends:Webhooks");
        builder.Services.AddEventStreamClient(JobsService.WatchJobs, "Backends:Jobs");
        builder.Services.AddEventStreamClient(FlowsService.WatchFlows, "Backends:Jobs");
        builder.Services.AddSingleton<OverviewSnapshot>();
        builder.Services.AddEventStreamServer<WatchOverviewRequest, WatchOverview>(GatewayService.WatchOverview);
    }
}
