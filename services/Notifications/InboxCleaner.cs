using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Notifications;

/// <summary>Deletes notifications past their retention.</summary>
internal sealed class InboxCleaner(
    Database<NotificationsDbContext> database, IOptions<NotificationsOptions> options, TimeProvider time, ILogger<InboxCleaner> logger)
    : Cleaner(options.Value.Retention, time, logger)
{
    protected override Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken) => database.WriteAsync(
        context => context.Notifications.Where(n => n.CreateTime < before).OrderBy(n => n.CreateTime).Take(count).ExecuteDeleteAsync(cancellationToken), cancellationToken);
}
