using Microservices.HealthChecks.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServingStatus = Microservices.HealthChecks.V1.HealthCheckResponse.Types.ServingStatus;

namespace Microservices.Hosting;

/// <summary>
/// The health of what a process serves, by name: asked for now, or as it was when the checks last ran, which they do once for all who watch.
/// Thread-safe.
/// </summary>
/// <param name="checks">Runs the checks.</param>
/// <param name="names">Which checks count for a name.</param>
internal sealed class HealthStatuses(HealthCheckService checks, IReadOnlyDictionary<string, Func<string, bool>> names) : IHealthCheckPublisher
{
    private HealthReport? last;
    private TaskCompletionSource ran = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the checks have run again.</summary>
    public Task Next => Volatile.Read(ref ran).Task;

    /// <summary>Runs the checks; null for a name that is not here.</summary>
    public async Task<ServingStatus?> CheckAsync(string name, CancellationToken cancellationToken) =>
        names.TryGetValue(name, out var counts)
            ? StatusOf((await checks.CheckHealthAsync(check => counts(check.Name), cancellationToken)).Status)
            : null;

    /// <summary>Runs the checks once for all names.</summary>
    public async Task<HealthListResponse> ListAsync(CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(cancellationToken);
        var list = new HealthListResponse();
        foreach (var (name, counts) in names)
            list.Statuses[name] = new HealthCheckResponse { Status = StatusOf(report, counts) };
        return list;
    }

    /// <summary>As the checks last found it; null where they have not run yet, or the name is not here.</summary>
    public ServingStatus? LastOf(string name) =>
        Volatile.Read(ref last) is { } report && names.TryGetValue(name, out var counts) ? StatusOf(report, counts) : null;

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        Volatile.Write(ref last, report);
        Interlocked.Exchange(ref ran, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        return Task.CompletedTask;
    }

    private static ServingStatus StatusOf(HealthReport report, Func<string, bool> counts) =>
        report.Entries.Any(entry => counts(entry.Key) && entry.Value.Status == HealthStatus.Unhealthy) ? ServingStatus.NotServing : ServingStatus.Serving;

    private static ServingStatus StatusOf(HealthStatus status) => status == HealthStatus.Unhealthy ? ServingStatus.NotServing : ServingStatus.Serving;
}
