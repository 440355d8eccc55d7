using System.Net;
using System.Net.Sockets;
using Grpc.Net.Client;

namespace Microservices.Streaming;

/// <summary>The channel to one replica.</summary>
internal static class ReplicaChannel
{
    // A stream that ends with more than this would take its connection with it, and every other stream on that.
    private const int MaxResponseHeadersKilobytes = 16 * 1024;

    /// <summary>
    /// A channel that connects when it is asked to, and at no other time. gRPC's own, which watches its socket, would try again by itself
    /// after up to two minutes, and refuse everything until then: but who holds this channel knows when to try.
    /// </summary>
    internal static GrpcChannel Open(Uri address, TimeSpan connectTimeout, TimeSpan pingDelay, TimeSpan pingTimeout, ILoggerFactory logging) =>
        GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            DisposeHttpClient = true,
            LoggerFactory = logging,
            HttpHandler = new SocketsHttpHandler
            {
                // A proxy of the environment is for the world outside.
                UseProxy = false,
#pragma warning disable CA2262 // Kilobytes are meant.
                MaxResponseHeadersLength = MaxResponseHeadersKilobytes,
#pragma warning restore CA2262
                // gRPC leaves alone what has a callback of its own.
                ConnectCallback = async (context, cancellation) => await ConnectAsync(context.DnsEndPoint, cancellation),
                EnableMultipleHttp2Connections = true,
                ConnectTimeout = connectTimeout,
                KeepAlivePingDelay = pingDelay,
                KeepAlivePingTimeout = pingTimeout,
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            },
        });

    private static async Task<Stream> ConnectAsync(DnsEndPoint to, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
