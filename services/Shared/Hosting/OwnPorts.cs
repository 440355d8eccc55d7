using System.Net;
using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Microservices.Hosting;

/// <summary>Where this process listens, for what it asks of itself before it is ready. Known once its server has started.</summary>
public sealed class OwnPorts
{
    private readonly Dictionary<string, ListenOptions> listening = [];

    /// <summary>The address of the REST port; null when there is none, and when it is not plain HTTP.</summary>
    public Uri? Http => AddressOf(Endpoints.Http);

    /// <summary>The address of the gRPC port; null when it is not plain HTTP.</summary>
    internal Uri? Grpc => AddressOf(Endpoints.Grpc);

    internal void Add(string name, EndpointConfiguration endpoint)
    {
        if (!endpoint.IsHttps)
            listening[name] = endpoint.ListenOptions;
    }

    // The port is what it was bound to, also where the setting has 0.
    private Uri? AddressOf(string name)
    {
        if (!listening.TryGetValue(name, out var listen) || listen.IPEndPoint is not { } bound)
            return null;
        var isEvery = bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any);
        return new Uri($"http://{new IPEndPoint(isEvery ? IPAddress.Loopback : bound.Address, bound.Port)}");
    }
}
