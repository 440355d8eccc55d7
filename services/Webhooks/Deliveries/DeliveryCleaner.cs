using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Webhooks;

/// <summary>Deletes deliveries past their retention, with their attempts, and the messages that they are of.</summary>
internal sealed class DeliveryCleaner(Database<WebhooksDbContext> database, IOptions<WebhooksOptions> options, TimeProvider time, ILogger<DeliveryCleaner> logger)
    : Cleaner(options.Value.Retention, time, logger)
{
    protected override Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        var deleted = await context.DeleteAsync(context.Deliveries.Where(d => d.CreateTime < before).OrderBy(d => d.CreateTime).Take(count), cancellationToken);
        // They are as old as their deliveries, which come first.
        return deleted == count ? count
            : await context.Messages.Where(m => m.CreateTime < before).OrderBy(m => m.CreateTime).Take(count).ExecuteDeleteAsync(cancellationToken);
    }, cancellationToken);
}
