using Microservices.Hosting;
using Microservices.Persistence;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>Registers what sends, keeps and tells of deliveries.</summary>
internal static class DeliveriesRegistration
{
    // A run fails only by its database or by a fault: what is due stays due.
    private static readonly TimeSpan[] Retries = [.. Enumerable.Repeat(TimeSpan.FromSeconds(5), 100)];

    public static void AddDeliveries(this WebApplicationBuilder builder)
    {
        builder.AddMetrics<DeliveryMetrics>();
        builder.Services.AddSingleton<MessageSender>();
        builder.Services.AddSingleton<ReadDeliveries>();
        builder.Services.AddSingleton<ChangeDeliveries>();
        builder.Services.AddHostedService<DeliveryCleaner>();
        builder.AddDueWork<WebhooksDbContext, SendDeliveries>(SendDeliveries.Kind, Retries);
        builder.AddDueWork<WebhooksDbContext, SendDeliveries>(SendDeliveries.SlowKind, Retries);
        builder.Services.AddEventStreamServer<WatchDeliveriesRequest, WatchDeliveries>(V1.WebhooksService.WatchDeliveries);
    }
}
