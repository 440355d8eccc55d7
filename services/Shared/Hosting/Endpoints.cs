using Microservices.Hosting.Admission;
using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Hosting;

/// <summary>
/// The ports of a process. They are Kestrel's own configuration (<c>Kestrel:Endpoints:Grpc:Url</c> and so on). A plaintext port
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

    public static void AddEndpoints(this WebApplicationBuilder builder)
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
                Tag(endpoint.ListenOptions, Grpc, HttpProtocols.Http2);
            });
            loader.Endpoint(Management, endpoint => Tag(endpoint.ListenOptions, Management, HttpProtocols.Http1));
            if (kestrel.GetSection($"Endpoints:{Http}").Exists())
            {
                loader.Endpoint(Http, endpoint =>
                {
                    ports.Add(Http, endpoint);
                    ConnectionLimit.Use(endpoint.ListenOptions, Http, admission => admission.MaxHttpConnections);
                    Tag(endpoint.ListenOptions, Http, HttpProtocols.Http1);
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

    private static void Tag(ListenOptions listen, string name, HttpProtocols protocols)
    {
        listen.Protocols = protocols;
        var feature = new EndpointName(name);
        listen.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
    }

    private sealed record EndpointName(string Name);
}
