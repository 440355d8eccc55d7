using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Notifications;

/// <summary>The inboxes' database. To change it: change the model, then add a migration for each provider: .github/CONTRIBUTING.md says how.</summary>
internal abstract class NotificationsDbContext(DbContextOptions options) : ServiceDbContext(options)
{
    public DbSet<Notification> Notifications => Set<Notification>();

    protected override void Describe(ModelBuilder model) => model.Entity<Notification>(notification =>
    {
        notification.HasKey(n => n.NotificationId);
        // One for each event of an order, whatever else fails.
        notification.HasIndex(n => new { n.OrderId, n.OrderVersion }).IsUnique();
        // Serve the list of an inbox, newest first: all of it, and what is unread.
        notification.HasIndex(n => new { n.UserId, n.NotificationId });
        notification.HasIndex(n => new { n.UserId, n.NotificationId }, "IX_Notifications_Unread").HasFilter("\"ReadTime\" IS NULL");
        // Serve the snapshots of a partition, and of all.
        notification.HasIndex(n => new { n.Partition, n.NotificationId }, "IX_Notifications_UnreadPartition").HasFilter("\"ReadTime\" IS NULL");
        // Serves the cleaning.
        notification.HasIndex(n => n.CreateTime);
        notification.Property(n => n.NotificationId).HasMaxLength(64);
        notification.Property(n => n.UserId).HasMaxLength(64);
        notification.Property(n => n.OrderId).HasMaxLength(64);
        // Of two that mark it at once, one finds that it was done.
        notification.Property(n => n.ReadTime).IsConcurrencyToken();
    });
}

internal sealed class SqliteNotificationsDbContext(DbContextOptions<SqliteNotificationsDbContext> options) : NotificationsDbContext(options);

internal sealed class PostgresNotificationsDbContext(DbContextOptions<PostgresNotificationsDbContext> options) : NotificationsDbContext(options);
