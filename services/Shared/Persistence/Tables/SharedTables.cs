using Microservices.EventLog;
using Microservices.Primitives;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>
/// The tables that every service has beside its own: idempotency records, the outbox, how far it has come as a consumer, and due work. A service's context
/// maps them and queries them; <see cref="SharedDbContext"/> migrates them.
/// </summary>
internal static class SharedTables
{
    private const int MaxNameLength = 64;

    private static readonly Type[] Entities =
    [
        typeof(IdempotencyRecord),
        typeof(OutboxEvent), typeof(OutboxTopic), typeof(QuarantinedEvent), typeof(OutboxLease),
        typeof(PartitionPosition), typeof(PartitionLease), typeof(ConsumerReplica),
        typeof(DueWork),
    ];

    /// <summary>For the context that migrates them.</summary>
    public static void Describe(ModelBuilder model)
    {
        DescribeIdempotency(model);
        DescribeOutbox(model);
        DescribeConsumers(model);
        DescribeDue(model);
    }

    /// <summary>For a service's context, whose migrations they are no matter of: where these are made it does not know them.</summary>
    public static void DescribeForService(ModelBuilder model)
    {
        if (EF.IsDesignTime)
        {
            foreach (var entity in Entities)
                model.Ignore(entity);
            return;
        }

        Describe(model);
        foreach (var entity in Entities)
            model.Model.FindEntityType(entity)!.SetIsTableExcludedFromMigrations(true);
    }

    private static void DescribeIdempotency(ModelBuilder model) => model.Entity<IdempotencyRecord>(record =>
    {
        // The key first: it alone tells records apart, so that a lookup of many keys is quick also where nothing is known yet about how many there are.
        record.ToTable("IdempotencyRecords").HasKey(r => new { r.Key, r.Caller, r.Command });
        record.HasIndex(r => r.CreatedAt);
        record.Property(r => r.Command).HasMaxLength(128);
        record.Property(r => r.Caller).HasMaxLength(300);
        record.Property(r => r.Key).HasMaxLength(128);
    });

    private static void DescribeOutbox(ModelBuilder model)
    {
        model.Entity<OutboxEvent>(e =>
        {
            e.ToTable("OutboxEvents").HasKey(o => new { o.Topic, o.Offset });
            // Serves the trimming.
            e.HasIndex(o => o.CreatedAtMs);
            e.Property(o => o.Topic).HasMaxLength(TopicName.MaxLength);
            e.Property(o => o.Key).HasMaxLength(EventRules.MaxKeyBytes);
            e.Property(o => o.TraceContext).HasMaxLength(TraceContext.Length);
        });
        model.Entity<OutboxTopic>(topic =>
        {
            topic.ToTable("OutboxTopics").HasKey(t => t.Topic);
            // Small whatever the number of topics: serves the relay's question for what waits.
            topic.HasIndex(t => t.Topic, "IX_OutboxTopics_Waiting").HasFilter("\"RelayedOffset\" < \"LastOffset\"");
            // Serves the comparison of recent topics with the log.
            topic.HasIndex(t => t.UpdatedAtMs);
            topic.Property(t => t.Topic).HasMaxLength(TopicName.MaxLength);
            topic.Property(t => t.Epoch).HasMaxLength(Epoch.MaxLength);
        });
        model.Entity<QuarantinedEvent>(e =>
        {
            e.ToTable("OutboxQuarantine").HasKey(q => new { q.Topic, q.Epoch, q.Offset });
            e.Property(q => q.Topic).HasMaxLength(TopicName.MaxLength);
            e.Property(q => q.Epoch).HasMaxLength(Epoch.MaxLength);
            e.Property(q => q.Key).HasMaxLength(EventRules.MaxKeyBytes);
            e.Property(q => q.Reason).HasMaxLength(QuarantinedEvent.MaxReasonLength);
        });
        model.Entity<OutboxLease>(lease =>
        {
            lease.ToTable("OutboxLeases").HasKey(l => l.Name);
            lease.Property(l => l.Name).HasMaxLength(MaxNameLength);
            lease.Property(l => l.Owner).HasMaxLength(MaxNameLength);
        });
    }

    private static void DescribeConsumers(ModelBuilder model)
    {
        model.Entity<PartitionPosition>(position =>
        {
            position.ToTable("PartitionPositions").HasKey(p => new { p.Consumer, p.Partition });
            position.Property(p => p.Consumer).HasMaxLength(MaxNameLength);
        });
        model.Entity<PartitionLease>(lease =>
        {
            lease.ToTable("PartitionLeases").HasKey(l => new { l.Consumer, l.Partition });
            lease.Property(l => l.Consumer).HasMaxLength(MaxNameLength);
            lease.Property(l => l.Owner).HasMaxLength(MaxNameLength);
        });
        model.Entity<ConsumerReplica>(replica =>
        {
            replica.ToTable("ConsumerReplicas").HasKey(r => new { r.Consumer, r.Replica });
            replica.Property(r => r.Consumer).HasMaxLength(MaxNameLength);
            replica.Property(r => r.Replica).HasMaxLength(MaxNameLength);
        });
    }

    private static void DescribeDue(ModelBuilder model) => model.Entity<DueWork>(work =>
    {
        work.ToTable("DueWork").HasKey(w => w.Number);
        work.Property(w => w.Number).ValueGeneratedOnAdd();
        work.HasIndex(w => new { w.Kind, w.Id }).IsUnique();
        // Serves the question for what is due.
        work.HasIndex(w => new { w.Kind, w.State, w.Priority, w.DueAtMs, w.Number });
        // Serves the question for what comes next in a key.
        work.HasIndex(w => new { w.Kind, w.Key, w.State, w.Number }).HasFilter("\"Key\" <> ''");
        work.Property(w => w.Kind).HasMaxLength(DueWork.MaxNameLength);
        // By its name alone it would be a key, and then, as none, one that may be missing.
        work.Property(w => w.Id).HasMaxLength(DueWork.MaxNameLength).IsRequired();
        work.Property(w => w.Key).HasMaxLength(DueWork.MaxKeyLength);
        work.Property(w => w.TraceContext).HasMaxLength(TraceContext.Length);
        work.Property(w => w.Owner).HasMaxLength(MaxNameLength);
        work.Property(w => w.LastError).HasMaxLength(DueWork.MaxErrorLength);
    });
}
