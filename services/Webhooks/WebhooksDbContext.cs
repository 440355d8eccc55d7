using Microservices.Persistence;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>
/// Endpoints and what is sent to them, sources and what they have received, and the secrets of both. To change it: change the model, then add a migration for each provider: .github/CONTRIBUTING.md says how.
/// </summary>
internal abstract class WebhooksDbContext(DbContextOptions options) : ServiceDbContext(options), IDataProtectionKeyContext
{
    public DbSet<Endpoint> Endpoints => Set<Endpoint>();

    public DbSet<KeptSecret> Secrets => Set<KeptSecret>();

    public DbSet<Message> Messages => Set<Message>();

    public DbSet<Delivery> Deliveries => Set<Delivery>();

    public DbSet<DeliveryAttempt> DeliveryAttempts => Set<DeliveryAttempt>();

    public DbSet<Source> Sources => Set<Source>();

    public DbSet<ReceivedMessage> Received => Set<ReceivedMessage>();

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
        model.Entity<KeptSecret>(secret =>
        {
            secret.HasKey(s => s.SecretId);
            secret.HasIndex(s => s.HolderId);
            secret.Property(s => s.SecretId).HasMaxLength(64);
            secret.Property(s => s.HolderId).HasMaxLength(64);
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
            // Serve what is to be sent: what is due, up to where all is over, and what comes first of a key.
            delivery.HasIndex(d => new { d.EndpointId, d.NextAttemptMs, d.Offset }, "IX_Deliveries_Due").HasFilter(Delivery.IsPending);
            delivery.HasIndex(d => new { d.EndpointId, d.Offset }, "IX_Deliveries_Pending").HasFilter(Delivery.IsPending);
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
        model.Entity<Source>(source =>
        {
            source.HasKey(s => s.SourceId);
            source.HasIndex(s => s.OwnerId);
            source.Property(s => s.SourceId).HasMaxLength(64);
            source.Property(s => s.OwnerId).HasMaxLength(64);
            source.Property(s => s.Description).HasMaxLength(4 * Endpoint.MaxDescription);
        });
        model.Entity<ReceivedMessage>(received =>
        {
            received.HasKey(r => r.ReceivedId);
            // A repeat is found, and of two that come at once one is refused.
            received.HasIndex(r => new { r.SourceId, r.MessageId }).IsUnique();
            // Serves the list of a source's, newest first, and finds the oldest.
            received.HasIndex(r => new { r.SourceId, r.Place }).IsUnique();
            // Serves the cleaning.
            received.HasIndex(r => r.CreateTime);
            received.Property(r => r.ReceivedId).HasMaxLength(64);
            received.Property(r => r.SourceId).HasMaxLength(64);
            received.Property(r => r.OwnerId).HasMaxLength(64);
            received.Property(r => r.MessageId).HasMaxLength(ReceivedMessage.MaxText);
            received.Property(r => r.EventType).HasMaxLength(ReceivedMessage.MaxText);
            received.Property(r => r.ContentType).HasMaxLength(ReceivedMessage.MaxText);
        });
    }
}

internal sealed class SqliteWebhooksDbContext(DbContextOptions<SqliteWebhooksDbContext> options) : WebhooksDbContext(options);

internal sealed class PostgresWebhooksDbContext(DbContextOptions<PostgresWebhooksDbContext> options) : WebhooksDbContext(options);
