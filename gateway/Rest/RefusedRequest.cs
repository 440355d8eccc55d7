using Microservices.Hosting;

namespace Microservices.Gateway.Rest;

/// <summary>
/// A request that a gateway sends to its own REST port before it is ready, so that its first callers do not wait until what stands before every route, and what
/// answers a problem, is compiled. It has no token, so that it is refused here and no service hears of it.
/// </summary>
internal static class RefusedRequest
{
    public static async Task SendAsync(OwnPorts ports, CancellationToken cancellationToken)
    {
        if (ports.Http is not { } address)
            return;
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = ports.Tls }) { BaseAddress = address };
        using var response = await http.GetAsync("/v1/users/nobody/overview", cancellationToken);
        await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }
}
