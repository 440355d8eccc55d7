using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Hosting;

/// <summary>
/// Health: one answer for gRPC's <c>grpc.health.v1.Health</c> (for "" and for the service's name) and <c>/health/ready</c>: every
/// registered check must not be Unhealthy; a Degraded process still serves. A part adds its own check with <c>AddHealthChecks().AddCheck</c>.
/// The name <c>liveness</c>, like <c>/health/live</c>, says only that the process answers.
/// </summary>
internal static class Health
{
    // How often the checks run for Watch. A drain is reported at once.
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(2);

    // The name that Kubernetes' documentation suggests.
    internal const string Liveness = "liveness";

    public static void AddHealth(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddSingleton(services => new HealthStatuses(services.GetRequiredService<HealthCheckService>(), new Dictionary<string, Func<string, bool>>
        {
            [""] = _ => true,
            [service] = _ => true,
            [Liveness] = check => check == Liveness,
        }));
        builder.Services.AddSingleton<IHealthCheckPublisher>(services => services.GetRequiredService<HealthStatuses>());
        builder.Services.AddHealthChecks()
            .AddCheck<DrainCheck>("serving")
            .AddCheck(Liveness, () => HealthCheckResult.Healthy());
        builder.Services.Configure<HealthCheckPublisherOptions>(options =>
        {
            options.Delay = WatchPeriod;
            options.Period = WatchPeriod;
        });
    }

    private sealed class DrainCheck(Drain drain) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(drain switch
            {
                { IsDraining: true } => HealthCheckResult.Unhealthy("draining: this process is about to stop"),
                { IsStarted: false } => HealthCheckResult.Unhealthy("starting"),
                _ => HealthCheckResult.Healthy(),
            });
    }
}
