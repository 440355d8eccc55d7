using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>Registers who does a service's due work.</summary>
public static class DueRegistration
{
    /// <summary>
    /// Has <typeparamref name="THandler"/> do the work of a kind that <see cref="ServiceDbContext.AddDue"/> commits, each row once in effect with any
    /// number of replicas, and adds <see cref="DueStore{TContext}"/>. After <c>AddPersistence</c>; the section <c>Due</c> has its settings.
    /// </summary>
    /// <param name="builder">The process.</param>
    /// <param name="kind">What the work is called in the table, for good, and in metrics: 1 to 64 characters.</param>
    /// <param name="retryDelays">How long after each failed attempt the next is due; with the last of them used up the work is quarantined. The schedule of the settings unless given.</param>
    public static WebApplicationBuilder AddDueWork<TContext, THandler>(this WebApplicationBuilder builder, string kind, IReadOnlyList<TimeSpan>? retryDelays = null)
        where TContext : ServiceDbContext
        where THandler : class, IDueHandler<TContext>
    {
        ArgumentOutOfRangeException.ThrowIfZero(kind.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kind.Length, DueWork.MaxNameLength);
        var services = builder.Services;
        services.AddValidatedOptions<DueOptions, DueOptionsValidator>(DueOptions.Section);
        services.AddMetrics();
        services.TryAddSingleton<DueMetrics>();
        services.TryAddSingleton<THandler>();
        services.AddKeyedSingleton(kind, (provider, _) => new DueKind(
            kind, retryDelays ?? DueKind.Schedule(provider.GetRequiredService<IOptions<DueOptions>>().Value), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => provider.GetRequiredKeyedService<DueKind>(kind));
        if (services.All(service => service.ServiceType != typeof(DueStore<TContext>)))
        {
            services.AddSingleton(provider => new DueStore<TContext>(provider.GetRequiredService<Database<TContext>>(), provider.GetRequiredService<IOptions<DueOptions>>()));
            services.AddSingleton<DueLeases<TContext>>();
            // Before the workers, and so after them when the process stops.
            services.AddHostedService(provider => provider.GetRequiredService<DueLeases<TContext>>());
            services.AddHealthChecks().AddCheck<DueHealthCheck>("due", HealthStatus.Degraded, ["ready"]);
        }

        // A worker for each kind, all of one type: AddHostedService would take the first only.
        services.AddSingleton<IHostedService>(provider =>
        {
            var watched = provider.GetRequiredKeyedService<DueKind>(kind);
            provider.GetRequiredService<DueMetrics>().Watch(watched);
            return ActivatorUtilities.CreateInstance<DueWorker<TContext>>(provider, watched, provider.GetRequiredService<THandler>());
        });
        return builder;
    }
}
