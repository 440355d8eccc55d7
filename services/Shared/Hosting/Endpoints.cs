using Microservices.Hosting.Admission;
using Microservices.Hosting.Tls;
using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Hosting;

/// <summary>
/// The ports of a process. They are Kestrel's own configuration (<c>Kestrel:Endpoints:Grpc:Url</c> and so on), with TLS where the address is https (<see cref="TlsOptions"/>). A plaintext port
/// cannot speak HTTP/1.1 and gRPC at once, so there are at least two. The connection of a request tells on which one it arrived; the Host
/// header does not, since the caller writes it.
/// </summary>
internal static class Endpoints
{
    public const string Grpc = "Grpc";
    public const string Management = "Management";
    public const string Http = "Http";

    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Adds them.</summary>
    /// <param name="builder">The process.</param>
    /// <param name="asksWorkloads">Whether services that call show a certificate, where TLS is spoken.</param>
    public static void AddEndpoints(this WebApplicationBuilder builder, bool asksWorkloads)
    {
        var kestrel = builder.Configuration.GetSection("Kestrel");
        foreach (var name in (string[])[Grpc, Management])
        {
            if (string.IsNullOrWhiteSpace(builder.Configuration[UrlKey(name)]))
                throw new InvalidSettingException(UrlKey(name), "must be the address to listen on, such as http://localhost:5001, but is missing");
        }

        foreach (var endpoint in kestrel.GetSection("Endpoints").GetChildren())
        {
            if (endpoint["Url"] is { Length: > 0 } url && !IsAddress(url))
                throw new InvalidSettingException($"{endpoint.Path}:Url", $"must be an address to listen on, such as http://localhost:5001, but is '{url}'");
        }

        if (builder.Configuration[UrlKey(Management)]!.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
            throw new InvalidSettingException(UrlKey(Management), $"must be http, since probes and Prometheus ask there without certificates, but is '{builder.Configuration[UrlKey(Management)]}'");
        HttpTransport.Use(builder.Services, builder.Configuration);
        var ports = new OwnPorts();
        builder.Services.AddSingleton(ports);
        builder.AddWarmUp<OwnPorts>(OwnLiveness.AskAsync);
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            // Detects within 40 s that a peer has vanished, even on an idle stream.
            options.Limits.Http2.KeepAlivePingDelay = PingDelay;
            options.Limits.Http2.KeepAlivePingTimeout = PingTimeout;
            // Of HTTP/2 streams only.
            options.Limits.MaxResponseBufferSize = UnaryAnswers.ServerBuffer;

            var loader = options.Configure(kestrel, reloadOnChange: false);
            loader.Endpoint(Grpc, endpoint =>
            {
                ports.Add(Grpc, endpoint);
                ConnectionLimit.Use(endpoint.ListenOptions, Grpc, admission => admission.MaxConnections);
                Serve(endpoint, Grpc, HttpProtocols.Http2, asksWorkloads);
            });
            loader.Endpoint(Management, endpoint => Serve(endpoint, Management, HttpProtocols.Http1));
            if (kestrel.GetSection($"Endpoints:{Http}").Exists())
            {
                loader.Endpoint(Http, endpoint =>
                {
                    ports.Add(Http, endpoint);
                    ConnectionLimit.Use(endpoint.ListenOptions, Http, admission => admission.MaxHttpConnections);
                    Serve(endpoint, Http, HttpProtocols.Http1);
                });
            }
        });
    }

    /// <summary>The key of the address of an endpoint.</summary>
    public static string UrlKey(string name) => $"Kestrel:Endpoints:{name}:Url";

    /// <summary>Whether the request arrived on the endpoint of this name.</summary>
    public static bool ArrivedOn(this HttpContext context, string endpoint) => context.Features.Get<EndpointName>()?.Name == endpoint;

    // "+" and "*" are every address of the machine.
    private static bool IsAddress(string url) =>
        url.StartsWith("http://unix:/", StringComparison.Ordinal)
        || (Uri.TryCreate(url.Replace("://+", "://localhost", StringComparison.Ordinal).Replace("://*", "://localhost", StringComparison.Ordinal), UriKind.Absolute, out var uri)
            && uri is { Scheme: "http" or "https", PathAndQuery: "/" });

    private static void Serve(EndpointConfiguration endpoint, string name, HttpProtocols protocols, bool asksWorkloads = false)
    {
        var listen = endpoint.ListenOptions;
        listen.Protocols = protocols;
        if (endpoint.IsHttps)
            TlsServer.Use(listen, UrlKey(name), asksWorkloads);
        foreach (var connections in protocols == HttpProtocols.Http1 ? listen.ApplicationServices.GetServices<Http1Connections>() : [])
            connections.Use(listen);
        var feature = new EndpointName(name);
        listen.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
    }

    private sealed record EndpointName(string Name);
}
