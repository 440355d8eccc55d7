using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>What is still to be sent to an endpoint.</summary>
internal static class PendingDeliveries
{
    /// <summary>All of it, whenever it is due.</summary>
    public static IQueryable<Delivery> Pending(this WebhooksDbContext context, string endpointId) =>
        context.Deliveries.Where(d => d.EndpointId == endpointId && d.State == DeliveryState.Pending);

    /// <summary>Makes all of it due at once, but what is under way.</summary>
    public static Task DueNowAsync(this WebhooksDbContext context, string endpointId, IReadOnlyCollection<string> underWay, CancellationToken cancellationToken) =>
        context.Pending(endpointId).Where(d => d.NextAttemptMs > 0 && !underWay.Contains(d.DeliveryId))
            .ExecuteUpdateAsync(s => s.SetProperty(d => d.NextAttemptMs, 0), cancellationToken);

    /// <summary>Has all of it sent now: there is a reason to think that the endpoint answers again.</summary>
    public static async Task SendNowAsync(this WebhooksDbContext context, Endpoint endpoint, CancellationToken cancellationToken)
    {
        endpoint.PausedUntilMs = 0;
        await context.DueNowAsync(endpoint.EndpointId, [], cancellationToken);
        context.AddDue(endpoint.Sending());
    }
}
