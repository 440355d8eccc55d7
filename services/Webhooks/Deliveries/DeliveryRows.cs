using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Deliveries as rows with others that belong to them.</summary>
internal static class DeliveryRows
{
    /// <summary>Deletes these deliveries, with their attempts.</summary>
    /// <returns>How many.</returns>
    public static async Task<int> DeleteAsync(this WebhooksDbContext context, IQueryable<Delivery> some, CancellationToken cancellationToken)
    {
        var ids = await some.Select(d => d.DeliveryId).ToListAsync(cancellationToken);
        await context.DeliveryAttempts.Where(a => ids.Contains(a.DeliveryId)).ExecuteDeleteAsync(cancellationToken);
        await context.Deliveries.Where(d => ids.Contains(d.DeliveryId)).ExecuteDeleteAsync(cancellationToken);
        return ids.Count;
    }
}
