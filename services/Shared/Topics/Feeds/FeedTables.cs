using Microsoft.EntityFrameworkCore;

namespace Microservices.Topics;

/// <summary>
/// How far a partition of a feed has come. It moves from a cursor to the next only in the transaction of what was made of the events
/// between them, and only if it still is at the first: this, not the lease, is what makes it once in effect.
/// </summary>
internal sealed class FeedPosition
{
    public required string Feed { get; init; }

    public required int Partition { get; init; }

    /// <summary>The place after the last event that was dealt with; empty before the first.</summary>
    public required string Cursor { get; set; }
}

/// <summary>Which replica works on a partition, and until when. It only saves the others the work.</summary>
internal sealed class FeedLease
{
    public required string Feed { get; init; }

    public required int Partition { get; init; }

    /// <summary>The replica; empty when it was given up.</summary>
    public required string Owner { get; set; }

    /// <summary>When it is free for others, in Unix milliseconds by the database's clock. Further ahead than two leases last, it is free now.</summary>
    public required long ExpiresAtMs { get; set; }
}

/// <summary>A replica that shares the work on a feed.</summary>
internal sealed class FeedReplica
{
    public required string Feed { get; init; }

    public required string Replica { get; init; }

    /// <summary>When it is taken for dead unless it says that it lives, in Unix milliseconds by the database's clock. Further ahead than two leases last, it is dead.</summary>
    public required long ExpiresAtMs { get; set; }
}

/// <summary>The tables of a service that works on feeds of others.</summary>
public static class FeedTables
{
    private const int MaxFeedLength = 64;
    private const int MaxReplicaLength = 64;

    /// <summary>Describes them, in the service's own <c>Describe</c>.</summary>
    public static void DescribeFeeds(this ModelBuilder model)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.Entity<FeedPosition>(position =>
        {
            position.ToTable("FeedPositions").HasKey(p => new { p.Feed, p.Partition });
            position.Property(p => p.Feed).HasMaxLength(MaxFeedLength);
        });
        model.Entity<FeedLease>(lease =>
        {
            lease.ToTable("FeedLeases").HasKey(l => new { l.Feed, l.Partition });
            lease.Property(l => l.Feed).HasMaxLength(MaxFeedLength);
            lease.Property(l => l.Owner).HasMaxLength(MaxReplicaLength);
        });
        model.Entity<FeedReplica>(replica =>
        {
            replica.ToTable("FeedReplicas").HasKey(r => new { r.Feed, r.Replica });
            replica.Property(r => r.Feed).HasMaxLength(MaxFeedLength);
            replica.Property(r => r.Replica).HasMaxLength(MaxReplicaLength);
        });
    }
}
