using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.EventLog;

/// <summary>Degraded while Redis is away, does not deliver publications, or refuses to keep events; never Unhealthy, since everything but live events goes on without it.</summary>
internal sealed class EventLogHealthCheck(DeliveryProbe probe, LogRefusals refusals) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(probe.Problem is { Length: > 0 } problem
            ? HealthCheckResult.Degraded(problem + " Event streams are delayed; they catch up.")
            : refusals.Current is { } refusal
            ? HealthCheckResult.Degraded($"Redis does not keep the events that are appended: {refusal}")
            : HealthCheckResult.Healthy("Publications arrive."));
}
