namespace Microservices.Gateway.Operations;

/// <summary>How the suite is doing: the data of `event: operations`.</summary>
public sealed record SuiteStatus
{
    /// <summary>When it was so.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Each service that the gateway calls, and the gateway, by name.</summary>
    public required IReadOnlyList<ServiceStatus> Services { get; init; }

    /// <summary>What is wrong now, the worst first. It is what the replicas say this second; what to be woken for is decided by Prometheus.</summary>
    public required IReadOnlyList<SuiteAlert> Alerts { get; init; }
}

/// <summary>A service: its replicas together.</summary>
public sealed record ServiceStatus
{
    /// <summary>Its name: orders.</summary>
    public required string Service { get; init; }

    /// <summary>Requests and calls a second.</summary>
    public required double RequestsPerSecond { get; init; }

    /// <summary>Of these, those that the service is to blame for.</summary>
    public required double ErrorsPerSecond { get; init; }

    /// <summary>How long 99 of 100 unary calls and requests took at most, in milliseconds, by the buckets of a histogram; absent when there were none.</summary>
    public double? P99Ms { get; init; }

    /// <summary>How many streams are open.</summary>
    public required int Streams { get; init; }

    /// <summary>How many events their subscriptions are behind.</summary>
    public required long StreamLag { get; init; }

    /// <summary>Its replicas, as they are known to this gateway.</summary>
    public required IReadOnlyList<ReplicaStatus> Replicas { get; init; }
}

/// <summary>A replica: one process.</summary>
public sealed record ReplicaStatus
{
    /// <summary>Where the gateway reaches it.</summary>
    public required string Address { get; init; }

    /// <summary>healthy, degraded, unhealthy; lost, when nothing is heard of it; unknown, when nothing was heard yet.</summary>
    public required string Health { get; init; }

    /// <summary>Since when nothing is heard of it; absent while it is heard.</summary>
    public DateTimeOffset? LostTime { get; init; }

    /// <summary>Tells the process from every other.</summary>
    public string? ProcessId { get; init; }

    /// <summary>The version of its program.</summary>
    public string? Version { get; init; }

    /// <summary>When it started.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Requests and calls a second.</summary>
    public double RequestsPerSecond { get; init; }

    /// <summary>How many streams are open.</summary>
    public int Streams { get; init; }

    /// <summary>How many events their subscriptions are behind.</summary>
    public long StreamLag { get; init; }

    /// <summary>How long the oldest event waits to come into the log, in milliseconds; absent where there is no outbox, and at replicas that do not relay it.</summary>
    public double? OutboxAgeMs { get; init; }

    /// <summary>What the process has in memory, in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>How much of a processor it uses: 1 is one processor.</summary>
    public double Processors { get; init; }
}

/// <summary>Something that is wrong now.</summary>
public sealed record SuiteAlert
{
    /// <summary>critical: callers are hurt, or will be; warning: it serves all the same.</summary>
    public required string Severity { get; init; }

    /// <summary>The service.</summary>
    public required string Service { get; init; }

    /// <summary>The replica.</summary>
    public required string Address { get; init; }

    /// <summary>What it is.</summary>
    public required string Text { get; init; }
}
