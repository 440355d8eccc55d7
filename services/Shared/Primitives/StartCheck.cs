using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Primitives;

/// <summary>
/// The health of something elsewhere that a process needs. One that has just started is ready once that is there, so that its first callers find it; but it does
/// not wait for longer than <see cref="Patience"/>, since it can answer without. From then on what is away is Degraded: another replica would be no better.
/// Thread-safe; to be registered as a singleton.
/// </summary>
/// <param name="time">The clock.</param>
public abstract class StartCheck(TimeProvider time) : IHealthCheck
{
    /// <summary>How long a process waits with being ready: 15 s, in which whatever was started together with it is there.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly long started = time.GetTimestamp();
    private volatile bool wasThere;

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var away = await AwayAsync(cancellationToken);
        wasThere |= away is null;
        return away is null ? HealthCheckResult.Healthy()
            : wasThere || time.GetElapsedTime(started) > Patience ? HealthCheckResult.Degraded(away)
            : HealthCheckResult.Unhealthy($"not yet: {away}");
    }

    /// <summary>What is away, in a few words; null when it is there.</summary>
    protected abstract ValueTask<string?> AwayAsync(CancellationToken cancellationToken);
}
