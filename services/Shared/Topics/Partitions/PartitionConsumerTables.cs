using Microsoft.EntityFrameworkCore;

namespace Microservices.Topics;

/// <summary>
/// How far a consumer has come in a partition. It moves from a cursor to the next only in the transaction of what was made of the events
/// between them, and only if it still is at the first: this, not the lease, is what makes it once in effect.
/// </summary>
internal sealed class PartitionPosition
{
    public required string Consumer { get; init; }

    public required int Partition { get; init; }

    /// <summary>The place after the last event that was dealt with; empty before the first.</summary>
    public required string Cursor { get; set; }
}

/// <summary>Which replica works on a partition, and until when. It only saves the others the work.</summary>
internal sealed class PartitionLease
{
    public required string Consumer { get; init; }

    public required int Partition { get; init; }

    /// <summary>The replica; empty when it was given up.</summary>
    public required string Owner { get; set; }

    /// <summary>When it is free for others, in Unix milliseconds by the database's clock. Further ahead than two leases last, it is free now.</summary>
    public required long ExpiresAtMs { get; set; }
}

/// <summary>A replica that shares the partitions of a consumer.</summary>
internal sealed class ConsumerReplica
{
    public required string Consumer { get; init; }

    public required string Replica { get; init; }

    /// <summary>When it is taken for dead unless it says that it lives, in Unix milliseconds by the database's clock. Further ahead than two leases last, it is dead.</summary>
    public required long ExpiresAtMs { get; set; }
}

/// <summary>The tables of a service that consumes the partitions of others.</summary>
public static class PartitionConsumerTables
{
    private const int MaxConsumerLength = 64;
    private const int MaxReplicaLength = 64;

    /// <summary>Describes them, in the service's own <c>Describe</c>.</summary>
    public static void DescribePartitionConsumers(this ModelBuilder model)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.Entity<PartitionPosition>(position =>
        {
            position.ToTable("PartitionPositions").HasKey(p => new { p.Consumer, p.Partition });
            position.Property(p => p.Consumer).HasMaxLength(MaxConsumerLength);
        });
        model.Entity<PartitionLease>(lease =>
        {
            lease.ToTable("PartitionLeases").HasKey(l => new { l.Consumer, l.Partition });
            lease.Property(l => l.Consumer).HasMaxLength(MaxConsumerLength);
            lease.Property(l => l.Owner).HasMaxLength(MaxReplicaLength);
        });
        model.Entity<ConsumerReplica>(replica =>
        {
            replica.ToTable("ConsumerReplicas").HasKey(r => new { r.Consumer, r.Replica });
            replica.Property(r => r.Consumer).HasMaxLength(MaxConsumerLength);
            replica.Property(r => r.Replica).HasMaxLength(MaxReplicaLength);
        });
    }
}
