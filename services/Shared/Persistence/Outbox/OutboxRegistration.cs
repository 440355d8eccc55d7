using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Persistence;

/// <summary>Registers the relay of a service's outbox.</summary>
public static class OutboxRegistration
{
    /// <summary>
    /// Relays the events that <see cref="ServiceDbContext.AddEvent"/> commits to the registered <c>IEventAppender</c>, and adds
    /// <see cref="OutboxHistory{TContext}"/>, <see cref="OutboxTopics{TContext}"/> and <see cref="OutboxHeads{TContext}"/>. After <c>AddPersistence</c>; the section <c>Outbox</c> has its settings.
    /// </summary>
    public static WebApplicationBuilder AddOutbox<TContext>(this WebApplicationBuilder builder)
        where TContext : ServiceDbContext
    {
        builder.Services.AddValidatedOptions<OutboxOptions, OutboxOptionsValidator>(OutboxOptions.Section);
        builder.Services.AddMetrics();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<OutboxProgress>();
        builder.Services.TryAddSingleton<OutboxMetrics>();
        builder.Services.AddSingleton<OutboxStore<TContext>>();
        builder.Services.AddSingleton<OutboxHistory<TContext>>();
        builder.Services.AddSingleton<OutboxTopics<TContext>>();
        builder.Services.AddSingleton(services => new OutboxHeads<TContext>(
            services.GetRequiredService<IDbContextFactory<TContext>>(), services.GetRequiredService<DatabaseOutage<TContext>>()));
        builder.Services.AddSingleton<RelayLease<TContext>>();
        builder.Services.AddSingleton<RelayBackoff>();
        builder.Services.AddSingleton<OutboxRepair<TContext>>();
        builder.Services.AddSingleton<OutboxCheck<TContext>>();
        builder.Services.AddSingleton<BatchAppender<TContext>>();
        builder.Services.AddHostedService<OutboxRelay<TContext>>();
        builder.Services.AddHostedService<OutboxCleaner<TContext>>();
        builder.Services.AddHealthChecks().AddCheck<OutboxHealthCheck>("outbox", HealthStatus.Degraded, ["ready"]);
        return builder;
    }
}
