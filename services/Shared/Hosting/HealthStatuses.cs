using Microservices.HealthChecks.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServingStatus = Microservices.HealthChecks.V1.HealthCheckResponse.Types.ServingStatus;

namespace Microservices.Hosting;

/// <summary>
/// The health of what a process serves, by name: by running the checks now, or as the last periodic run found it, which all watchers share.
/// Thread-safe.
/// </summary>
/// <param name="checks">Runs the checks.</param>
/// <param name="names">For each name, the checks that count.</param>
internal sealed class HealthStatuses(HealthCheckService checks, IReadOnlyDictionary<string, Func<string, bool>> names) : IHealthCheckPublisher
{
    private HealthReport? last;
    private TaskCompletionSource ran = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the next periodic run.</summary>
    public Task Next => Volatile.Read(ref ran).Task;

    /// <summary>Runs the checks; null for an unknown name.</summary>
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

    /// <summary>The result of the last periodic run; null before the first one, and for an unknown name.</summary>
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
