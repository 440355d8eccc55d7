using Microservices.Persistence;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microservices.Topics;

/// <summary>Registers the consuming of another service's partitions.</summary>
public static class PartitionConsumerRegistration
{
    /// <summary>
    /// Has <typeparamref name="THandler"/> deal with every event of another service, once in effect with any number of replicas: the
    /// partitions are spread over them, and the position in each is committed with what is made of the events. After
    /// <c>AddPersistence</c> and <c>AddEventStreamClient</c>. The section is <c>PartitionConsumer</c>.
    /// </summary>
    /// <param name="builder">The process.</param>
    /// <param name="consumer">What the consumer is called in the tables, for good, and in metrics: at most 64 characters.</param>
    public static WebApplicationBuilder AddPartitionConsumer<TContext, TEvent, THandler>(this WebApplicationBuilder builder, string consumer)
        where TContext : ServiceDbContext
        where THandler : class, IPartitionHandler<TContext, TEvent>
    {
        builder.Services.AddValidatedOptions<PartitionConsumerOptions, PartitionConsumerOptionsValidator>("PartitionConsumer");
        builder.Services.TryAddSingleton<PartitionConsumerMetrics>();
        builder.Services.TryAddSingleton<THandler>();
        builder.Services.AddHostedService(services =>
        {
            var database = services.GetRequiredService<Database<TContext>>();
            var partitions = ActivatorUtilities.CreateInstance<PartitionConsumer<TContext, TEvent>>(
                services, consumer, new PartitionPositions<TContext>(consumer, database), services.GetRequiredService<THandler>());
            return ActivatorUtilities.CreateInstance<PartitionWorker<TContext, TEvent>>(services, consumer, new PartitionLeases<TContext>(consumer, database), partitions);
        });
        return builder;
    }
}
