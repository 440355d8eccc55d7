using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Grpc.Net.Client;

namespace Microservices.Streaming;

/// <summary>The channel to one replica.</summary>
internal static class ReplicaChannel
{
    /// <summary>
    /// A channel that connects when it is asked to, and at no other time. gRPC's own, which watches its socket, would try again by itself
    /// after up to two minutes, and refuse everything until then: but who holds this channel knows when to try.
    /// </summary>
    internal static GrpcChannel Open(Uri address, TimeSpan connectTimeout, TimeSpan pingDelay, TimeSpan pingTimeout, SslClientAuthenticationOptions? tls, ILoggerFactory logging)
    {
        var handler = ReplicaHandler.Create(connectTimeout, pingDelay, pingTimeout, tls);
        // gRPC leaves alone what has a callback of its own.
        handler.ConnectCallback = async (context, cancellation) => await ConnectAsync(context.DnsEndPoint, cancellation);
        return GrpcChannel.ForAddress(address, new GrpcChannelOptions { DisposeHttpClient = true, LoggerFactory = logging, HttpHandler = handler });
    }

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
