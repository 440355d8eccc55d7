using Microservices.Gateway.OpenApi;
using Microservices.Hosting;

namespace Microservices.Gateway.Rest;

/// <summary>
/// An order that a gateway sends to its own REST port before it is ready, so that its first callers do not wait until code is compiled. It has
/// no token and lacks its user, so that it is refused here and no service hears of it.
/// </summary>
internal static class RefusedOrder
{
    public static async Task SendAsync(OwnPorts ports, CancellationToken cancellationToken)
    {
        if (ports.Http is not { } address)
            return;
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = ports.Tls }) { BaseAddress = address };
        using var response = await http.PostAsJsonAsync("/v1/orders", Examples.PlaceOrder with { UserId = null }, GatewayJson.Default.PlaceOrder, cancellationToken);
        await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }
}
