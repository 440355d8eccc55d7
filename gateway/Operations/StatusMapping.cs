using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>What operators are shown, of what the replicas say.</summary>
internal static class StatusMapping
{
    private const string Critical = "critical";
    private const string Warning = "warning";
    private const double MostErrors = 0.05;

    // As of the alert OutboxStuck of Prometheus.
    private static readonly TimeSpan OldOutbox = TimeSpan.FromSeconds(30);

    /// <summary>The whole of it.</summary>
    public static SuiteStatus ToStatus(this IReadOnlyList<WatchedProcess> replicas, DateTimeOffset now) => new()
    {
        Time = now,
        Services = [.. replicas.GroupBy(replica => replica.Service).OrderBy(service => service.Key, StringComparer.Ordinal).Select(ServiceOf)],
        Alerts = [.. replicas.SelectMany(Alerts).OrderBy(alert => alert.Severity, StringComparer.Ordinal).ThenBy(alert => alert.Service, StringComparer.Ordinal)],
    };

    /// <summary>The value that a share of what was counted is at most, in seconds, as Prometheus takes it: within a bucket all values are as likely. Null when nothing was counted.</summary>
    public static double? Quantile(double share, IEnumerable<Latency> latencies)
    {
        double[] bounds = [];
        long[] counts = [];
        foreach (var latency in latencies.Where(latency => latency.Counts.Count == latency.UpperBounds.Count + 1))
        {
            if (counts.Length == 0)
                (bounds, counts) = ([.. latency.UpperBounds], [.. latency.Counts]);
            else if (bounds.AsSpan().SequenceEqual(latency.UpperBounds.ToArray()))
                counts = [.. counts.Zip(latency.Counts, (one, other) => one + other)];
        }

        var rank = share * counts.Sum();
        var below = 0L;
        for (var i = 0; i < bounds.Length && rank > 0; i++)
        {
            if (below + counts[i] >= rank)
                return (i == 0 ? 0 : bounds[i - 1]) + (bounds[i] - (i == 0 ? 0 : bounds[i - 1])) * (rank - below) / counts[i];
            below += counts[i];
        }

        return rank > 0 ? bounds[^1] : null;
    }

    private static ServiceStatus ServiceOf(IGrouping<string, WatchedProcess> service)
    {
        var heard = service.Where(replica => replica.LostSince is null).Select(replica => replica.Status).OfType<ProcessStatus>().ToList();
        return new()
        {
            Service = service.Key,
            RequestsPerSecond = heard.Sum(status => PerSecond(status, status.Requests)),
            ErrorsPerSecond = heard.Sum(status => PerSecond(status, status.Errors)),
            P99Ms = Quantile(0.99, heard.Select(status => status.Latency)) * 1_000,
            Streams = heard.Sum(status => status.Streams),
            StreamLag = heard.Sum(status => status.StreamLag),
            Replicas = [.. service.OrderBy(replica => replica.Address.ToString(), StringComparer.Ordinal).Select(ReplicaOf)],
        };
    }

    // What it said last is not what it does now, when it is not heard.
    private static ReplicaStatus ReplicaOf(WatchedProcess replica)
    {
        var lost = replica.LostSince;
        var bare = new ReplicaStatus { Address = replica.Address.Authority, Health = lost is null ? "unknown" : "lost", LostTime = lost };
        if (replica.Status is not { } status)
            return bare;
        var known = bare with { ProcessId = status.ProcessId, Version = status.Version, StartTime = status.StartTime.ToDateTimeOffset() };
        return lost is not null ? known : known with
        {
            Health = status.Health.ToString().ToLowerInvariant(),
            RequestsPerSecond = PerSecond(status, status.Requests),
            Streams = status.Streams,
            StreamLag = status.StreamLag,
            OutboxAgeMs = status.OutboxAge?.ToTimeSpan().TotalMilliseconds,
            MemoryBytes = status.MemoryBytes,
            Processors = status.Processors,
        };
    }

    private static IEnumerable<SuiteAlert> Alerts(WatchedProcess replica)
    {
        if (replica.LostSince is not null)
        {
            yield return Alert(Critical, "Nothing is heard of this replica");
            yield break;
        }

        if (replica.Status is not { } status)
            yield break;
        foreach (var check in status.FailedChecks)
            yield return Alert(check.Status == HealthStatus.Unhealthy ? Critical : Warning, check.Description.Length > 0 ? $"{check.Name}: {check.Description}" : check.Name);
        if (status.Errors > status.Requests * MostErrors)
            yield return Alert(Warning, $"{100.0 * status.Errors / status.Requests:0} % of its answers are errors");
        if (status.OutboxAge?.ToTimeSpan() is { } age && age > OldOutbox)
            yield return Alert(Warning, $"An event has waited for {age.TotalSeconds:0} s to come into the log");

        SuiteAlert Alert(string severity, string text) => new() { Severity = severity, Service = replica.Service, Address = replica.Address.Authority, Text = text };
    }

    private static double PerSecond(ProcessStatus status, long count) => status.Interval.ToTimeSpan() is { Ticks: > 0 } interval ? count / interval.TotalSeconds : 0;
}
