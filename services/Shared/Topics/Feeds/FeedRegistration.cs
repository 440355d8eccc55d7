using Microservices.Hosting;
using Microservices.Persistence;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Topics;

/// <summary>Registers the work on a feed of another service.</summary>
public static class FeedRegistration
{
    /// <summary>
    /// Has <typeparamref name="THandler"/> deal with every event of another service, once in effect with any number of replicas: the
    /// feed's partitions are spread over them, and the position in each is committed with what is made of the events. After
    /// <c>AddPersistence</c> and <c>AddEventStreamClient</c>; the context calls <see cref="FeedTables.DescribeFeeds"/>. The section is
    /// <c>Feed</c>.
    /// </summary>
    /// <param name="builder">The process.</param>
    /// <param name="feed">What the feed is called in the tables, for good, and in metrics: at most 64 characters.</param>
    public static WebApplicationBuilder AddFeed<TContext, TSubscription, TEvent, THandler>(this WebApplicationBuilder builder, string feed)
        where TContext : ServiceDbContext
        where TSubscription : class, IUserSubscription, new()
        where THandler : class, IFeedHandler<TContext, TEvent>
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddValidatedOptions<FeedOptions>("Feed");
        builder.Services.TryAddSingleton<FeedMetrics>();
        builder.Services.TryAddSingleton<THandler>();
        builder.Services.AddHostedService(services =>
        {
            var options = services.GetRequiredService<IOptions<FeedOptions>>().Value;
            var database = services.GetRequiredService<Database<TContext>>();
            var time = services.GetRequiredService<TimeProvider>();
            var follower = new FeedFollower<TContext, TSubscription, TEvent>(
                feed,
                new FeedPositions<TContext>(feed, database),
                services.GetRequiredService<EventStreamClient<TSubscription, TEvent>>(),
                services.GetRequiredService<THandler>(),
                options,
                services.GetRequiredService<FeedMetrics>(),
                time,
                services.GetRequiredService<ILogger<FeedFollower<TContext, TSubscription, TEvent>>>());
            return new FeedWorker<TContext, TSubscription, TEvent>(
                feed,
                new FeedLeases<TContext>(feed, database),
                follower,
                options,
                services.GetRequiredService<Drain>(),
                time,
                services.GetRequiredService<ILogger<FeedWorker<TContext, TSubscription, TEvent>>>());
        });
        return builder;
    }
}
