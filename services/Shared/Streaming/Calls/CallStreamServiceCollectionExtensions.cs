using System.Diagnostics.Metrics;
using Google.Protobuf;
using Microservices.Streaming;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers call streams.</summary>
public static class CallStreamServiceCollectionExtensions
{
    /// <summary>
    /// Registers a <see cref="CallStreamServer{TCall, TResult}"/> with its handler, of which there is one instance a batch. What the process
    /// registers as <see cref="ICallInterceptor"/> stands before the handler; its <see cref="IStreamAccess"/> says what each caller may ask for; and its <see cref="IErrorMapper"/> says what a caller is told when the handler throws.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="method">The method, as in <c>UsersService.LookupUsers</c>.</param>
    /// <param name="section">The configuration section with <see cref="CallStreamServerOptions"/>; it may be absent.</param>
    public static IServiceCollection AddCallStreamServer<TCall, TResult, THandler>(
        this IServiceCollection services, CallStreamMethod<TCall, TResult> method, string section = "CallStreams")
        where TCall : class, ICall
        where TResult : class, ICallResult, IMessage, new()
        where THandler : class, ICallBatchHandler<TCall, TResult>
    {
        services.AddValidatedOptions<CallStreamServerOptions, CallStreamServerOptionsValidator>(section, section);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IErrorMapper, PlainErrorMapper>();
        services.AddScoped<ICallBatchHandler<TCall, TResult>, THandler>();
        services.AddSingleton(provider => new CallStreamServer<TCall, TResult>(
            method,
            provider.GetRequiredService<IOptionsMonitor<CallStreamServerOptions>>().Get(section),
            provider.GetRequiredService<IServiceScopeFactory>(),
            provider.GetRequiredService<IMeterFactory>(),
            provider.GetService<ICallInterceptor>(),
            provider.GetService<IStreamAccess>(),
            provider.GetRequiredService<IErrorMapper>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<CallStreamServer<TCall, TResult>>>()));
        services.AddSingleton<IOpenStreams>(provider => provider.GetRequiredService<CallStreamServer<TCall, TResult>>());
        return services;
    }

    /// <summary>
    /// Registers a <see cref="CallStreamClient{TCall, TResult}"/>, which connects when the host starts, with the process's <see cref="IStreamCredentials"/>,
    /// and a health check of the method's name: the process is ready once there is a stream (<see cref="StartCheck"/>).
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="method">The method, as in <c>UsersService.LookupUsers</c>.</param>
    /// <param name="section">The configuration section with <see cref="CallStreamClientOptions"/>, one for each backend.</param>
    /// <param name="configure">What is set in code, after the configuration.</param>
    /// <param name="source">Says where the replicas are, instead of <see cref="CallStreamClientOptions.Addresses"/>.</param>
    public static IServiceCollection AddCallStreamClient<TCall, TResult>(
        this IServiceCollection services,
        CallStreamMethod<TCall, TResult> method,
        string section,
        Action<CallStreamClientOptions>? configure = null,
        Func<IServiceProvider, IReplicaSource>? source = null)
        where TCall : class, ICall, IMessage<TCall>
        where TResult : class, ICallResult, new()
    {
        services.AddValidatedOptions<CallStreamClientOptions, CallStreamClientOptionsValidator>(section, section)
            .Configure(options => options.HasSource = source is not null)
            .Configure(configure ?? (_ => { }));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<AwayReplicas>();
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptionsMonitor<CallStreamClientOptions>>().Get(section);
            options.Token ??= provider.GetService<IStreamCredentials>() is { } credentials ? credentials.TokenAsync : null;
            options.Tls ??= provider.GetService<IClientTls>();
            var logging = provider.GetRequiredService<ILoggerFactory>();
            return new CallStreamClient<TCall, TResult>(
                method,
                options,
                address => new GrpcReplicaConnection<TCall, TResult>(method, address, options, logging),
                source?.Invoke(provider) ?? new ConfiguredReplicas(options.Addresses, options.Tls),
                provider.GetRequiredService<IMeterFactory>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<AwayReplicas>(),
                logging.CreateLogger<CallStreamClient<TCall, TResult>>());
        });
        services.AddHostedService<CallStreamStarter<TCall, TResult>>();
        services.AddSingleton<CallStreamCheck<TCall, TResult>>();
        services.AddHealthChecks().AddCheck<CallStreamCheck<TCall, TResult>>(method.Name);
        return services;
    }
}
