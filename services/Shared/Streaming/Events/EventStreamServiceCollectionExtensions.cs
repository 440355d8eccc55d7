using System.Diagnostics.Metrics;
using Google.Protobuf;
using Microservices.Streaming;
using Microservices.Streaming.Calls;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers event streams.</summary>
public static class EventStreamServiceCollectionExtensions
{
    /// <summary>Registers an <see cref="EventStreamServer{TRequest}"/> with its source, a singleton, made here unless it is registered.</summary>
    /// <param name="services">The services.</param>
    /// <param name="method">The method, as in <c>OrdersService.WatchOrders</c>.</param>
    /// <param name="section">The configuration section with <see cref="EventStreamServerOptions"/>; it may be absent.</param>
    public static IServiceCollection AddEventStreamServer<TRequest, TSource>(
        this IServiceCollection services,
        EventStreamMethod<TRequest> method,
        string section = "EventStreams")
        where TRequest : class, IEventRequestFrame
        where TSource : class, IEventReaderSource<TRequest>
    {
        services.TryAddSingleton<TSource>();
        services.AddValidatedOptions<EventStreamServerOptions, EventStreamServerOptionsValidator>(section, section);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TotalQueued>();
        services.TryAddSingleton<IErrorMapper, PlainErrorMapper>();
        services.AddSingleton(provider =>
        {
            var (time, total) = (provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<TotalQueued>());
            return new EventStreamServer<TRequest>(new(
                method.Name,
                provider.GetRequiredService<TSource>(),
                provider.GetRequiredService<IErrorMapper>(),
                provider.GetService<IStreamAccess>(),
                provider.GetRequiredService<IOptionsMonitor<EventStreamServerOptions>>().Get(section),
                new(provider.GetRequiredService<IMeterFactory>(), method.Name, total),
                total,
                new(time),
                time,
                provider.GetRequiredService<ILogger<EventStreamServer<TRequest>>>()));
        });
        services.AddSingleton<IOpenStreams>(provider => provider.GetRequiredService<EventStreamServer<TRequest>>());
        return services;
    }

    /// <summary>Registers an <see cref="EventStreamClient{TEvent}"/>, which shows the process's <see cref="IStreamCredentials"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="method">The method, as in <c>OrdersService.WatchOrders</c>.</param>
    /// <param name="section">The configuration section with <see cref="EventStreamClientOptions"/>, one for each backend.</param>
    /// <param name="configure">What is set in code, after the configuration.</param>
    /// <param name="source">Says where the replicas are, instead of <see cref="EventStreamClientOptions.Addresses"/>.</param>
    public static IServiceCollection AddEventStreamClient<TRequest, TResponse, TEvent>(
        this IServiceCollection services,
        EventStreamMethod<TRequest, TResponse, TEvent> method,
        string section,
        Action<EventStreamClientOptions>? configure = null,
        Func<IServiceProvider, IReplicaSource>? source = null)
        where TRequest : class, IEventRequestFrame, new()
        where TResponse : class, IEventResponseFrame<TEvent>, IMessage<TResponse>, new()
    {
        services.AddValidatedOptions<EventStreamClientOptions, EventStreamClientOptionsValidator>(section, section)
            .Configure(options => options.HasSource = source is not null)
            .Configure(configure ?? (_ => { }));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<AwayReplicas>();
        services.AddSingleton<EventStreamClient<TEvent>>(provider =>
        {
            var options = provider.GetRequiredService<IOptionsMonitor<EventStreamClientOptions>>().Get(section);
            options.Token ??= provider.GetService<IStreamCredentials>() is { } credentials ? credentials.TokenAsync : null;
            options.Tls ??= provider.GetService<IClientTls>();
            return new GrpcEventStreamClient<TRequest, TResponse, TEvent>(
                method,
                options,
                source?.Invoke(provider) ?? new ConfiguredReplicas(options.Addresses, options.Tls),
                provider.GetRequiredService<IMeterFactory>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<AwayReplicas>(),
                provider.GetRequiredService<ILoggerFactory>());
        });
        return services;
    }
}
