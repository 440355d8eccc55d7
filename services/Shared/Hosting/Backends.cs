using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Tls;
using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting;

/// <summary>Where the replicas of another service are: section <c>Backends:NAME</c>.</summary>
public sealed class BackendOptions : IValidatableObject
{
    /// <summary>
    /// One address a replica, such as <c>http://localhost:5001</c>; or a single <c>dns:///users:5001</c> whose name has an address
    /// for every replica (a headless Service), asked again every 30 s, and called over TLS where <c>Tls:CaFile</c> is set. Default none; 1 to 100.
    /// </summary>
    [Length(1, 100, ErrorMessage = "must have 1 to 100 addresses, such as http://localhost:5001")]
    public IList<string> Addresses { get; } = [];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Addresses.Count; i++)
        {
            if (!IsAddress(Addresses[i], out var uri))
                yield return new ValidationResult("must be http://host:port, https://host:port or dns:///host:port", [$"{nameof(Addresses)}:{i}"]);
            else if (uri.Scheme == "dns" && Addresses.Count > 1)
                yield return new ValidationResult("must be the only address, since it is a name", [$"{nameof(Addresses)}:{i}"]);
            else if (uri.Scheme != new Uri(Addresses[0]).Scheme)
                yield return new ValidationResult("must be http or https as the first one is", [$"{nameof(Addresses)}:{i}"]);
        }
    }

    /// <summary>Whether a text is an address of replicas.</summary>
    internal static bool IsAddress(string text, [NotNullWhen(true)] out Uri? uri) => Uri.TryCreate(text, UriKind.Absolute, out uri) && uri.Scheme is "http" or "https" or "dns";
}

[OptionsValidator]
internal sealed partial class BackendOptionsValidator : IValidateOptions<BackendOptions>;

/// <summary>Clients of the other services: one shared channel to each, balanced over its replicas.</summary>
public static class Backends
{
    private static readonly TimeSpan DnsRefresh = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    // A replica that is replaced is away for seconds, and the next one is replaced as soon as it is back.
    private static readonly TimeSpan ReconnectBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxReconnectBackoff = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Registers a client of the service whose replicas are under <c>Backends:<paramref name="name"/></c>. Its calls pass through the
    /// interceptor, if there is one. Unary calls that reached no replica are retried (<see cref="UnsentCalls"/>). Thread-safe, as gRPC
    /// clients are.
    /// </summary>
    public static WebApplicationBuilder AddBackend<TClient>(
        this WebApplicationBuilder builder, string name, Func<IServiceProvider, Interceptor>? interceptor = null)
        where TClient : ClientBase<TClient>
    {
        var section = $"Backends:{name}";
        builder.Services.AddValidatedOptions<BackendOptions, BackendOptionsValidator>(section, section);
        builder.Services.AddKeyedSingleton(name, (services, _) => Connect(services.GetRequiredService<IOptionsMonitor<BackendOptions>>().Get(section).Addresses, services));
        builder.Services.AddSingleton(services =>
        {
            var calls = services.GetRequiredKeyedService<GrpcChannel>(name).CreateCallInvoker().Intercept(new UnsentCalls(services.GetRequiredService<TimeProvider>()));
            return (TClient)Activator.CreateInstance(typeof(TClient), interceptor is null ? calls : calls.Intercept(interceptor(services)))!;
        });
        return builder;
    }

    /// <summary>Where each replica is of what is configured: addresses as they are, and a name by what it has now, with the name itself for its certificate.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The name is not known.</exception>
    public static async Task<IReadOnlyList<(Uri Address, string Name)>> ResolveAsync(BackendOptions backend, TlsClient tls, CancellationToken cancellationToken)
    {
        var uris = backend.Addresses.Select(address => new Uri(address)).ToArray();
        if (uris is not [{ Scheme: "dns" } dns])
            return [.. uris.Select(uri => (uri, uri.Host))];
        var name = new Uri($"{(tls.IsOn ? "https" : "http")}://{dns.AbsolutePath.TrimStart('/')}");
        return [.. (await Dns.GetHostAddressesAsync(name.Host, cancellationToken)).Select(ip => (new UriBuilder(name) { Host = ip.ToString() }.Uri, name.Host))];
    }

    /// <summary>A channel to replicas, for calls in the process's own name. The caller disposes of it.</summary>
    /// <param name="addresses">Like <see cref="BackendOptions.Addresses"/>.</param>
    /// <param name="services">The process's.</param>
    /// <param name="names">For what names their certificates may be, beside what the addresses say.</param>
    public static GrpcChannel Connect(IEnumerable<string> addresses, IServiceProvider services, params IEnumerable<string> names)
    {
        var uris = addresses.Select(address => new Uri(address)).ToArray();
        var dns = uris[0].Scheme == "dns";
        ResolverFactory resolver = dns
            ? new DnsResolverFactory(DnsRefresh)
            : new StaticResolverFactory(_ => uris.Select(uri => new BalancerAddress(uri.Host, uri.Port)));

        var tls = services.GetRequiredService<TlsClient>();
        return GrpcChannel.ForAddress(dns ? uris[0] : new Uri("static:///replicas"), new GrpcChannelOptions
        {
            Credentials = (dns ? tls.IsOn : uris[0].Scheme == "https") ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure,
            MaxReceiveMessageSize = 4 * ServiceDefaults.MaxMessageBytes,
            InitialReconnectBackoff = ReconnectBackoff,
            MaxReconnectBackoff = MaxReconnectBackoff,
            LoggerFactory = services.GetRequiredService<ILoggerFactory>(),
            ServiceProvider = new ServiceCollection().AddSingleton(resolver).BuildServiceProvider(),
            ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } },
            HttpHandler = new OwnTokenHandler(services.GetRequiredService<OwnToken>(), ReplicaHandler.Create(ConnectTimeout, PingDelay, PingTimeout, tls.Options(names))),
            DisposeHttpClient = true,
        });
    }
}
