using System.ComponentModel.DataAnnotations;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting;

/// <summary>Where the replicas of another service are: section <c>Backends:NAME</c>.</summary>
public sealed class BackendOptions : IValidatableObject
{
    /// <summary>
    /// One address a replica, such as <c>http://localhost:5001</c>; or a single <c>dns:///users:5001</c> whose name has an address
    /// for every replica (a headless Service), asked again every 30 s. 1 to 100.
    /// </summary>
    public IList<string> Addresses { get; } = [];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Addresses.Count is 0 or > 100)
            yield return new ValidationResult("must have 1 to 100 addresses, such as http://localhost:5001", [$"{nameof(Addresses)}:0"]);
        for (var i = 0; i < Addresses.Count; i++)
        {
            if (!Uri.TryCreate(Addresses[i], UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "dns"))
                yield return new ValidationResult($"'{Addresses[i]}' is not an http:// or dns:/// address", [$"{nameof(Addresses)}:{i}"]);
            else if (uri.Scheme == "dns" && Addresses.Count > 1)
                yield return new ValidationResult("a dns:/// address must be the only one", [$"{nameof(Addresses)}:{i}"]);
        }
    }
}

/// <summary>Clients of the other services: one shared channel for each, spread over its replicas.</summary>
public static class Backends
{
    private static readonly TimeSpan DnsRefresh = TimeSpan.FromSeconds(30);
    // A replica that is replaced is away for seconds, and the next goes as soon as it is back.
    private static readonly TimeSpan ReconnectBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxReconnectBackoff = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Registers a client of the service whose replicas are under <c>Backends:<paramref name="name"/></c>, its calls passing through the
    /// interceptor if there is one; a unary call that reached no replica is made again (<see cref="UnsentCalls"/>). Thread-safe, as gRPC
    /// clients are.
    /// </summary>
    /// <exception cref="InvalidOperationException">The addresses are missing or wrong; the message names the key.</exception>
    public static WebApplicationBuilder AddBackend<TClient>(
        this WebApplicationBuilder builder, string name, Func<IServiceProvider, Interceptor>? interceptor = null)
        where TClient : ClientBase<TClient>
    {
        var section = $"Backends:{name}";
        var options = builder.Configuration.GetSection(section).Get<BackendOptions>() ?? new BackendOptions();
        if (new SectionValidation<BackendOptions>(section).Validate(null, options) is { Failed: true, FailureMessage: var message })
            throw new InvalidOperationException(message);

        builder.Services.AddKeyedSingleton(name, (services, _) => Connect(options, services));
        builder.Services.AddSingleton(services =>
        {
            var calls = services.GetRequiredKeyedService<GrpcChannel>(name).CreateCallInvoker().Intercept(new UnsentCalls(services.GetRequiredService<TimeProvider>()));
            return (TClient)Activator.CreateInstance(typeof(TClient), interceptor is null ? calls : calls.Intercept(interceptor(services)))!;
        });
        return builder;
    }

    private static GrpcChannel Connect(BackendOptions options, IServiceProvider services)
    {
        var uris = options.Addresses.Select(address => new Uri(address)).ToArray();
        var dns = uris[0].Scheme == "dns";
        ResolverFactory resolver = dns
            ? new DnsResolverFactory(DnsRefresh)
            : new StaticResolverFactory(_ => uris.Select(uri => new BalancerAddress(uri.Host, uri.Port)));

        return GrpcChannel.ForAddress(dns ? uris[0] : new Uri("static:///replicas"), new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Insecure,
            MaxReceiveMessageSize = 4 * ServiceDefaults.MaxMessageBytes,
            InitialReconnectBackoff = ReconnectBackoff,
            MaxReconnectBackoff = MaxReconnectBackoff,
            LoggerFactory = services.GetRequiredService<ILoggerFactory>(),
            ServiceProvider = new ServiceCollection().AddSingleton(resolver).BuildServiceProvider(),
            ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } },
            HttpHandler = new SocketsHttpHandler
            {
                // A proxy of the environment is for the world outside.
                UseProxy = false,
#pragma warning disable CA2262 // Kilobytes are meant.
                MaxResponseHeadersLength = ServiceDefaults.MaxResponseHeadersKilobytes,
#pragma warning restore CA2262
                EnableMultipleHttp2Connections = true,
                KeepAlivePingDelay = TimeSpan.FromSeconds(30),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                ConnectTimeout = TimeSpan.FromSeconds(5),
            },
            DisposeHttpClient = true,
        });
    }
}
