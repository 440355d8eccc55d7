using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting;

/// <summary>
/// The sockets of the HTTP/1.1 port, with buffers of their own size. A connection there serves one request at a time; requests that are sent before, and
/// answers that are not read, wait in these buffers, of which there may be tens of thousands (<see cref="Admission.AdmissionOptions.MaxHttpConnections"/>). With
/// the server's own sizes, 1 MiB and 64 KiB, a few hundred connections would take all of the process's memory. The other ports keep those: a gRPC
/// connection carries many streams at once, and there are few.
/// </summary>
internal sealed class HttpTransport(int port, ILoggerFactory logging) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>How much of what a caller has sent ahead is read, in bytes.</summary>
    public const int MaxReadAheadBytes = 8 * 1024;

    /// <summary>How much of what a caller has not read is taken before whoever writes it has to wait, in bytes.</summary>
    public const int MaxUnsentBytes = 8 * 1024;

    private readonly SocketTransportFactory sockets = new(
        Options.Create(new SocketTransportOptions { MaxReadBufferSize = MaxReadAheadBytes, MaxWriteBufferSize = MaxUnsentBytes }), logging);

    /// <summary>Uses it for the port of an address. A port that the system chooses is not known before, and keeps the server's own sizes.</summary>
    public static void Use(IServiceCollection services, IConfiguration configuration)
    {
        if (configuration[Endpoints.UrlKey(Endpoints.Http)] is { Length: > 0 } url && BindingAddress.Parse(url).Port is > 0 and var port)
            services.AddSingleton<IConnectionListenerFactory>(provider => new HttpTransport(port, provider.GetRequiredService<ILoggerFactory>()));
    }

    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint { Port: var bound } && bound == port;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => sockets.BindAsync(endpoint, cancellationToken);
}
