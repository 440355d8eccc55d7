using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Persistence;

/// <summary>
/// Degraded while the database takes no writes, with the cause; never Unhealthy, since all replicas share its disk: none would be left to serve
/// what only reads. That the database cannot be reached at all is what <see cref="DatabaseCheck{TContext}"/> says.
/// </summary>
internal sealed class WritesCheck<TContext>(DatabaseOutage<TContext> outage) : IHealthCheck
    where TContext : ServiceDbContext
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(outage.WritesFail is { } cause
            ? HealthCheckResult.Degraded($"Not ready for writes: {cause}")
            : HealthCheckResult.Healthy());
}
