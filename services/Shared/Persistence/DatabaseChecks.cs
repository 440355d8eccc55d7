using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Persistence;

/// <summary>Unhealthy while the database cannot be reached.</summary>
internal sealed class DatabaseCheck<TContext>(IDbContextFactory<TContext> contexts) : IHealthCheck
    where TContext : ServiceDbContext
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await database.Database.CanConnectAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("the database cannot be reached");
    }
}

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
