using Microservices.EventLog;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Operations;
using Microservices.Persistence;
using Microservices.Topics.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Topics;

/// <summary>Registers the topics of a service.</summary>
public static class TopicsRegistration
{
    /// <summary>
    /// Joins the outbox of a service's database to the event log: what <see cref="ServiceDbContext.AddEvent"/> commits is relayed, and
    /// readers that are older than the log are served from the database; and adds <see cref="KeyETags{TContext}"/>, and serves <c>operations.v1.TopicsService</c>. After <c>AddPersistence</c>; the sections are <c>EventLog</c>
    /// and <c>Outbox</c>.
    /// </summary>
    /// <param name="builder">The service's.</param>
    /// <param name="topics">The service's topics, one kind or several; <see cref="KeyETags{TContext}"/> are of the first.</param>
    public static WebApplicationBuilder AddTopics<TContext>(this WebApplicationBuilder builder, params KeyedTopics[] topics)
        where TContext : ServiceDbContext
    {
        builder.AddEventLog();
        builder.AddOutbox<TContext>();
        foreach (var each in topics)
        {
            builder.Services.AddEventHistory<OutboxHistory<TContext>>(each.Prefix);
            builder.Services.AddSingleton(each);
        }

        builder.Services.AddSingleton(services => new KeyETags<TContext>(services.GetRequiredService<OutboxHeads<TContext>>(), topics[0]));
        builder.Services.AddSingleton<SnapshotReader<TContext>>();
        builder.AddSharedGrpcService<TopicsService<TContext>>();
        return builder;
    }

    /// <summary>Adds <see cref="ChangedKeys{TContext}"/>. After <see cref="AddTopics{TContext}"/>.</summary>
    /// <param name="builder">The service's.</param>
    /// <param name="topics">The service's topics.</param>
    /// <param name="errors">Whose error a bad cursor is.</param>
    /// <param name="keyOf">Reads the key that an event is about from its payload.</param>
    public static WebApplicationBuilder AddChangedKeys<TContext>(
        this WebApplicationBuilder builder, KeyedTopics topics, ErrorDomain errors, Func<ReadOnlySpan<byte>, string> keyOf)
        where TContext : ServiceDbContext
    {
        builder.Services.AddSingleton(services => new ChangedKeys<TContext>(
            topics, errors, keyOf, services.GetRequiredService<OutboxHeads<TContext>>(), services.GetRequiredService<OutboxHistory<TContext>>()));
        return builder;
    }
}
