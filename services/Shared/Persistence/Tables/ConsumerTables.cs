namespace Microservices.Persistence;

/// <summary>
/// How far a consumer has come in a partition. It moves from a cursor to the next only in the transaction of what was made of the events
/// between them, and only if it still is at the first: this, not the lease, is what makes it once in effect.
/// </summary>
public sealed class PartitionPosition
{
    /// <summary>The consumer's name, for good.</summary>
    public required string Consumer { get; init; }

    /// <summary>The partition, from 0.</summary>
    public required int Partition { get; init; }

    /// <summary>The place after the last event that was dealt with; empty before the first.</summary>
    public required string Cursor { get; set; }
}

/// <summary>Which replica works on a partition, and until when. It only saves the others the work.</summary>
public sealed class PartitionLease
{
    /// <summary>The consumer's name, for good.</summary>
    public required string Consumer { get; init; }

    /// <summary>The partition, from 0.</summary>
    public required int Partition { get; init; }

    /// <summary>The replica; empty when it was given up.</summary>
    public required string Owner { get; set; }

    /// <summary>When it is free for others, in Unix milliseconds by the database's clock. Further ahead than two leases last, it is free now.</summary>
    public required long ExpiresAtMs { get; set; }
}

/// <summary>A replica that shares the work of a consumer.</summary>
public sealed class ConsumerReplica
{
    /// <summary>The consumer's name, for good.</summary>
    public required string Consumer { get; init; }

    /// <summary>The replica.</summary>
    public required string Replica { get; init; }

    /// <summary>When it is taken for dead unless it says that it lives, in Unix milliseconds by the database's clock. Further ahead than two leases last, it is dead.</summary>
    public required long ExpiresAtMs { get; set; }
}
