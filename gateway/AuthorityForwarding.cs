using System.Net;
using Microservices.Gateway.Bff;
using Microservices.Gateway.Errors;
using Microservices.Hosting;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Tls;
using Microservices.Primitives;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace Microservices.Gateway;

/// <summary>
/// Forwards what Identity serves, so that browsers have one origin: <c>/connect</c>, <c>/account</c> and <c>/.well-known</c>. Identity is told the caller's address, and never the one
/// that the caller claims, unless a trusted proxy has sent the request. One that cannot be reached is a problem, 503. A request goes there once its body is
/// here, so that whoever sends slowly keeps nobody waiting, and callers share fairly what Identity is asked at a time (<see cref="AuthorityQuota"/>).
/// </summary>
internal static class AuthorityForwarding
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private static readonly string[] Prefixes = ["/connect", "/account", "/.well-known"];

    /// <summary>Registers it, and the sessions of those who log in there.</summary>
    public static void AddAuthority(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<AuthorityOptions, AuthorityOptionsValidator>("Authority");
        builder.Services.AddSingleton<AuthorityQuota>();
        builder.Services.AddHttpForwarder();
        builder.AddBff();
    }

    /// <summary>Maps the paths.</summary>
    public static void MapAuthority(this WebApplication app)
    {
        app.MapBff();
        var options = app.Services.GetRequiredService<IOptions<AuthorityOptions>>().Value;
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var requests = app.Services.GetRequiredService<AuthorityQuota>().Requests;
        var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            SslOptions = app.Services.GetRequiredService<TlsClient>().Options(),
        });
        app.Lifetime.ApplicationStopped.Register(client.Dispose);
        var request = new ForwarderRequestConfig { ActivityTimeout = options.Timeout };
        foreach (var prefix in Prefixes)
        {
            app.Map($"{prefix}/{{**rest}}", async http =>
            {
                await ForwardedBody.BufferAsync(http, options.Timeout);
                var caller = Caller.Of(http);
                using var hold = requests.Begin(caller.Address, caller.Connection, http.CutOff);
                if (!hold.TryTake(1))
                    throw new StatusException(GatewayErrors.Domain.Overloaded("TOO_MANY_REQUESTS", "As many requests are with Identity as may be."));
                var error = await forwarder.SendAsync(http, options.Address, client, request, Transformer.Instance);
                if (error != ForwarderError.None && !http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
                    throw new StatusException(GatewayErrors.Domain.UnavailableForNow("IDENTITY_UNAVAILABLE", "Identity, whose pages these are, is not available."));
            }).OpenToAll().ExcludeFromDescription();
        }
    }

    private sealed class Transformer : HttpTransformer
    {
        public static readonly Transformer Instance = new();

        public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            // Identity has an address of its own, which it is called by.
            proxyRequest.Headers.Host = null;
            foreach (var header in (string[])["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "Forwarded"])
                proxyRequest.Headers.Remove(header);
            if (httpContext.Connection.RemoteIpAddress is { } address)
                proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-For", address.Unmapped().ToString());
        }
    }
}
