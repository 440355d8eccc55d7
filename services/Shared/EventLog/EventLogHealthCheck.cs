using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.EventLog;

/// <summary>Degraded while Redis is away or does not deliver publications; never Unhealthy, since everything but live events goes on without it.</summary>
internal sealed class EventLogHealthCheck(DeliveryProbe probe) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(probe.Problem is { Length: > 0 } problem
            ? HealthCheckResult.Degraded(problem + " Event streams are delayed; they catch up.")
            : HealthCheckResult.Healthy("Publications arrive."));
}
