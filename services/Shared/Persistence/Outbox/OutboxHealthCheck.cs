using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>Degraded while committed events do not get to the log, with the cause; never Unhealthy, since commands and lookups go on.</summary>
internal sealed class OutboxHealthCheck(OutboxProgress progress, IOptions<OutboxOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (waited, cause) = progress.Stall;
        return Task.FromResult(waited < OutboxProgress.StallThreshold(options.Value)
            ? HealthCheckResult.Healthy("Committed events get to the log.")
            : HealthCheckResult.Degraded(string.Create(CultureInfo.InvariantCulture, $"Committed events have waited for the log for {waited.TotalSeconds:0} s: {cause}. Event streams are delayed, and catch up once it answers.")));
    }
}
