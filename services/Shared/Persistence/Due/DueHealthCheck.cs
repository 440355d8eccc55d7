using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>Degraded while the same work is due and nobody begins it; never Unhealthy, since all else goes on.</summary>
internal sealed class DueHealthCheck(IEnumerable<DueKind> kinds, IOptions<DueOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        string[] stalled = [.. kinds.Where(kind => kind.Stalled > options.Value.StallAfter).Select(kind => string.Create(
            CultureInfo.InvariantCulture, $"work of kind {kind.Name} has been due for {kind.Stalled.TotalSeconds:0} s without being begun, while {kind.Running} run here"))];
        return Task.FromResult(stalled.Length == 0 ? HealthCheckResult.Healthy("Due work is begun.") : HealthCheckResult.Degraded(string.Join("; ", stalled)));
    }
}
