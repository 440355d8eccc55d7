using System.Net;
using System.Net.Security;
using Microservices.Hosting.Tls;
using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Hosting;

/// <summary>Where this process listens, for what it asks of itself before it is ready. Known once its server has started.</summary>
public sealed class OwnPorts
{
    private readonly Dictionary<string, EndpointConfiguration> listening = [];

    /// <summary>The address of the REST port; null when there is none.</summary>
    public Uri? Http => AddressOf(Endpoints.Http);

    /// <summary>How TLS is spoken with them, where it is.</summary>
    public SslClientAuthenticationOptions Tls { get; private set; } = new();

    /// <summary>The address of the gRPC port.</summary>
    public Uri? Grpc => AddressOf(Endpoints.Grpc);

    internal void Add(string name, EndpointConfiguration endpoint)
    {
        listening[name] = endpoint;
        if (endpoint.IsHttps)
            Tls = endpoint.ListenOptions.ApplicationServices.GetRequiredService<TlsClient>().OptionsForSelf();
    }

    // The port is what it was bound to, also where the setting has 0.
    private Uri? AddressOf(string name)
    {
        if (!listening.TryGetValue(name, out var endpoint) || endpoint.ListenOptions.IPEndPoint is not { } bound)
            return null;
        var isEvery = bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any);
        return new Uri($"{(endpoint.IsHttps ? "https" : "http")}://{new IPEndPoint(isEvery ? IPAddress.Loopback : bound.Address, bound.Port)}");
    }
}
