using Microservices.EventLog;
using Microservices.Persistence;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Topics;

/// <summary>Registers the topics of a service.</summary>
public static class TopicsRegistration
{
    /// <summary>
    /// Joins the outbox of a service's database to the event log: what <see cref="ServiceDbContext.AddEvent"/> commits is relayed, and
    /// readers that are older than the log are served from the database; and adds <see cref="KeyETags{TContext}"/>. After <c>AddPersistence</c>; the sections are <c>EventLog</c>
    /// and <c>Outbox</c>.
    /// </summary>
    public static WebApplicationBuilder AddTopics<TContext>(this WebApplicationBuilder builder, KeyedTopics topics)
        where TContext : ServiceDbContext
    {
        builder.AddEventLog();
        builder.AddOutbox<TContext>();
        builder.Services.AddEventHistory<OutboxHistory<TContext>>(topics.Prefix);
        builder.Services.AddSingleton(services => new KeyETags<TContext>(services.GetRequiredService<OutboxHeads<TContext>>(), topics));
        builder.Services.AddSingleton<SnapshotReader<TContext>>();
        return builder;
    }
}
