using Microservices.Persistence;
using Microsoft.Extensions.Options;

namespace Microservices.Notifications;

/// <summary>Deletes notifications past their retention.</summary>
internal sealed class InboxCleaner(
    Database<NotificationsDbContext> database, IOptions<NotificationsOptions> options, TimeProvider time, ILogger<InboxCleaner> logger)
    : Cleaner<NotificationsDbContext>(database, options.Value.Retention, time, logger)
{
    protected override IQueryable<object> Before(NotificationsDbContext context, DateTimeOffset time) =>
        context.Notifications.Where(n => n.CreateTime < time).OrderBy(n => n.CreateTime);
}
