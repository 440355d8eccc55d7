using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using Google.Protobuf.WellKnownTypes;
using Microservices.Operations.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using HealthStatus = Microservices.Operations.V1.HealthStatus;

namespace Microservices.Hosting.Operations;

/// <summary>
/// Looks how the process is doing when somebody wants to know, at most about once a second however many there are who do, and measures nothing while nobody does. A
/// singleton; thread-safe.
/// </summary>
/// <param name="service">The name under which the process reports.</param>
/// <param name="meters">Its metrics.</param>
/// <param name="checks">Its health.</param>
/// <param name="streams">Its streams.</param>
/// <param name="watches">Says whether somebody watches.</param>
/// <param name="time">The clock.</param>
internal sealed class ProcessSampler(string service, IMeterFactory meters, HealthCheckService checks, StreamSampler streams, Watches watches, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly string id = Guid.NewGuid().ToString("N")[..8];
    private readonly string version = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
    private readonly DateTime started = Process.GetCurrentProcess().StartTime.ToUniversalTime();
    private ProcessMeter? meter;
    private ProcessStatus? last;
    private long sampledAt;
    private TimeSpan processorTime;

    /// <summary>How it is doing, or did a moment ago. It is shared: not to be changed.</summary>
    public async Task<ProcessStatus> CurrentAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (last is not null && time.GetElapsedTime(sampledAt) < StreamSampler.Interval / 2)
                return last;
            return last = await LookAsync(cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>A watch has ended: with the last one nothing is measured any more.</summary>
    public async Task EndedAsync()
    {
        await gate.WaitAsync();
        if (watches.Open == 0)
        {
            meter?.Dispose();
            (meter, last) = (null, null);
        }

        gate.Release();
    }

    public void Dispose()
    {
        meter?.Dispose();
        gate.Dispose();
    }

    private async Task<ProcessStatus> LookAsync(CancellationToken cancellationToken)
    {
        // What came before it was measured is not known.
        var interval = meter is null ? TimeSpan.Zero : time.GetElapsedTime(sampledAt);
        meter ??= new(meters);
        var health = await checks.CheckHealthAsync(cancellationToken);
        var measured = meter.Take();
        sampledAt = time.GetTimestamp();
        var open = streams.Current();
        var (used, before) = (Environment.CpuUsage.TotalTime, processorTime);
        processorTime = used;
        var status = new ProcessStatus
        {
            Service = service,
            ProcessId = id,
            Version = version,
            StartTime = Timestamp.FromDateTime(started),
            Time = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
            Interval = Duration.FromTimeSpan(interval),
            Health = StatusOf(health.Status),
            Requests = interval == TimeSpan.Zero ? 0 : measured.Requests,
            Errors = interval == TimeSpan.Zero ? 0 : measured.Errors,
            Latency = new Latency { UpperBounds = { ProcessMeter.Bounds }, Counts = { measured.Latency } },
            Streams = open.Streams.Count + open.NotLookedAt,
            StreamLag = open.Streams.Sum(stream => stream.Lag),
            OutboxAge = measured.OutboxAgeSeconds is { } age ? Duration.FromTimeSpan(TimeSpan.FromSeconds(age)) : null,
            MemoryBytes = Environment.WorkingSet,
            Processors = interval == TimeSpan.Zero ? 0 : (used - before) / interval,
        };
        status.FailedChecks.AddRange(health.Entries.Where(check => check.Value.Status != Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy)
            .Select(check => new FailedCheck { Name = check.Key, Status = StatusOf(check.Value.Status), Description = check.Value.Description ?? "" }));
        return status;
    }

    private static HealthStatus StatusOf(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus status) => status switch
    {
        Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy => HealthStatus.Healthy,
        Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Degraded => HealthStatus.Degraded,
        _ => HealthStatus.Unhealthy,
    };
}
