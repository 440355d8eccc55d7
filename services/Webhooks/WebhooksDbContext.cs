using Microservices.Persistence;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>
/// Endpoints, their secrets, and what is sent to them. To change it: change the model, then add a migration for each provider: .github/CONTRIBUTING.md says how.
/// </summary>
internal abstract class WebhooksDbContext(DbContextOptions options) : ServiceDbContext(options), IDataProtectionKeyContext
{
    public DbSet<Endpoint> Endpoints => Set<Endpoint>();

    public DbSet<EndpointSecret> EndpointSecrets => Set<EndpointSecret>();

    public DbSet<Message> Messages => Set<Message>();

    public DbSet<Delivery> Deliveries => Set<Delivery>();

    public DbSet<DeliveryAttempt> DeliveryAttempts => Set<DeliveryAttempt>();

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    protected override void Describe(ModelBuilder model)
    {
        model.Entity<Endpoint>(endpoint =>
        {
            endpoint.HasKey(e => e.EndpointId);
            endpoint.HasIndex(e => e.OwnerId);
            endpoint.Property(e => e.EndpointId).HasMaxLength(64);
            endpoint.Property(e => e.OwnerId).HasMaxLength(64);
            endpoint.Property(e => e.Url).HasMaxLength(2_048);
            endpoint.Property(e => e.Description).HasMaxLength(4 * Endpoint.MaxDescription);
            endpoint.Property(e => e.EventTypes).HasMaxLength(512);
            endpoint.Property(e => e.StateReason).HasMaxLength(Endpoint.MaxReason);
            endpoint.Property(e => e.Version).IsConcurrencyToken();
        });
        model.Entity<EndpointSecret>(secret =>
        {
            secret.HasKey(s => s.SecretId);
            secret.HasIndex(s => s.EndpointId);
            secret.Property(s => s.SecretId).HasMaxLength(64);
            secret.Property(s => s.EndpointId).HasMaxLength(64);
        });
        model.Entity<Message>(message =>
        {
            message.HasKey(m => m.MessageId);
            // Serves the cleaning.
            message.HasIndex(m => m.CreateTime);
            message.Property(m => m.MessageId).HasMaxLength(Message.MaxId);
        });
        model.Entity<Delivery>(delivery =>
        {
            delivery.HasKey(d => d.DeliveryId);
            // Serves the list of an endpoint's, newest first, and what lies between cursors.
            delivery.HasIndex(d => new { d.EndpointId, d.Offset }).IsUnique();
            // Serve what is to be sent: what is due, and what comes first of a key.
            delivery.HasIndex(d => new { d.EndpointId, d.NextAttemptMs }, "IX_Deliveries_Due").HasFilter(Delivery.IsPending);
            delivery.HasIndex(d => new { d.EndpointId, d.Key, d.Offset }, "IX_Deliveries_PendingKey").HasFilter(Delivery.IsPending);
            // Serve the snapshots of an owner, of a partition, and of all.
            delivery.HasIndex(d => new { d.OwnerId, d.DeliveryId }, "IX_Deliveries_PendingOwner").HasFilter(Delivery.IsPending);
            delivery.HasIndex(d => new { d.Partition, d.DeliveryId }, "IX_Deliveries_PendingPartition").HasFilter(Delivery.IsPending);
            // Serves the cleaning.
            delivery.HasIndex(d => d.CreateTime);
            delivery.Property(d => d.DeliveryId).HasMaxLength(64);
            delivery.Property(d => d.MessageId).HasMaxLength(Message.MaxId);
            delivery.Property(d => d.EndpointId).HasMaxLength(64);
            delivery.Property(d => d.OwnerId).HasMaxLength(64);
            delivery.Property(d => d.EventType).HasMaxLength(64);
            delivery.Property(d => d.Key).HasMaxLength(64);
            delivery.Property(d => d.LastError).HasMaxLength(Delivery.MaxError);
            // What an attempt came to counts only while the delivery is as it was when the attempt began.
            delivery.Property(d => d.Round).IsConcurrencyToken();
        });
        model.Entity<DeliveryAttempt>(attempt =>
        {
            attempt.HasKey(a => new { a.DeliveryId, a.Round });
            attempt.Property(a => a.DeliveryId).HasMaxLength(64);
            attempt.Property(a => a.Error).HasMaxLength(Delivery.MaxError);
            attempt.Property(a => a.ResponseBody).HasMaxLength(DeliveryAttempt.MaxBody);
        });
    }
}

internal sealed class SqliteWebhooksDbContext(DbContextOptions<SqliteWebhooksDbContext> options) : WebhooksDbContext(options);

internal sealed class PostgresWebhooksDbContext(DbContextOptions<PostgresWebhooksDbContext> options) : WebhooksDbContext(options);
