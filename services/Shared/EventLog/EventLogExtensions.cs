using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.EventLog;

/// <summary>Registers the event log.</summary>
public static class EventLogExtensions
{
    /// <summary>The health check's name: Degraded while Redis is away, does not deliver, or does not keep the events that are appended, never Unhealthy. Tagged "ready".</summary>
    public const string HealthCheckName = "event-log";

    /// <summary>
    /// Adds <see cref="IEventLog"/>, which is the <see cref="IEventAppender"/> as well, with the Redis of <c>ConnectionStrings:Redis</c> and the section <c>EventLog</c>, and its health
    /// check. A setting that is missing or wrong stops the process at start and is named; Redis itself may come later.
    /// </summary>
    public static IHostApplicationBuilder AddEventLog(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        AddRedis(services);
        services.AddMetrics();
        services.TryAddSingleton<EventLogMetrics>();
        services.TryAddSingleton<LogTrimmer>();
        services.TryAddSingleton<LogRefusals>();
        services.TryAddSingleton<LogWriter>();
        services.TryAddSingleton<LogReader>();
        services.TryAddSingleton<ILogReader>(provider => provider.GetRequiredService<LogReader>());
        services.TryAddSingleton<HistoryReader>();
        services.TryAddSingleton<PageReader>();
        services.TryAddSingleton<TopicFeeds>();
        services.TryAddSingleton<Sweeper>();
        services.TryAddSingleton<DeliveryProbe>();
        services.TryAddSingleton<IEventLog, RedisEventLog>();
        services.TryAddSingleton<IEventAppender>(provider => provider.GetRequiredService<IEventLog>());
        services.AddHostedService<EventLogWorker>();
        services.AddHealthChecks().AddCheck<EventLogHealthCheck>(HealthCheckName, HealthStatus.Degraded, ["ready"]);
        return builder;
    }

    /// <summary>
    /// Adds <see cref="SharedRates"/>, with the same Redis, and of the section <c>EventLog</c> its key prefix and times. A setting that is missing or wrong stops the process at start
    /// and is named; Redis itself may come later.
    /// </summary>
    public static IHostApplicationBuilder AddSharedRates(this IHostApplicationBuilder builder)
    {
        AddRedis(builder.Services);
        builder.Services.TryAddSingleton(services => new SharedRates(
            services.GetRequiredService<RedisConnection>(), services.GetRequiredService<IOptions<EventLogOptions>>(), services.GetRequiredService<TimeProvider>()));
        return builder;
    }

    /// <summary>
    /// Has <typeparamref name="T"/> (a singleton, made here unless it is registered) read older events of the topics that begin with
    /// the prefix. The longest prefix that fits a topic counts.
    /// </summary>
    public static IServiceCollection AddEventHistory<T>(this IServiceCollection services, string topicPrefix)
        where T : class, IEventHistory
    {
        services.TryAddSingleton<T>();
        return services.AddSingleton(provider => new HistoryRoute(topicPrefix, provider.GetRequiredService<T>()));
    }

    private static void AddRedis(IServiceCollection services)
    {
        services.AddValidatedOptions<EventLogOptions, EventLogOptionsValidator>(EventLogOptions.Section)
            .Configure<IConfiguration>((options, configuration) => options.ConnectionString = configuration.GetConnectionString("Redis") ?? "");
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EventLogOptions>, RedisConnectionStringValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RedisConnection>();
        services.AddHostedService<RedisConnector>();
    }
}
