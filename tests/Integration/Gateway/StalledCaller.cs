using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>
/// A caller at an address of this machine that asks for a batch of overviews and reads none of it. To be disposed of also when the test fails:
/// the gateway waits for its callers before it stops.
/// </summary>
internal sealed class StalledCaller : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };

    public StalledCaller(GatewayFactory replica, IPAddress from, string batch)
    {
        socket.Bind(new IPEndPoint(from, 0));
        socket.Connect(IPAddress.Loopback, replica.RestAddress.Port);
        socket.Send(Encoding.ASCII.GetBytes(
            $"POST /v1/overviews:batchGet HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {Tokens.Authority.Operator()}\r\nRequest-Timeout: 60\r\nContent-Type: application/json\r\nContent-Length: {batch.Length}\r\n\r\n{batch}"));
    }

    /// <summary>Whether the gateway has closed the connection: writing shows it, without reading what was sent.</summary>
    public bool IsCut()
    {
        try
        {
            socket.Send("x"u8);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    public void Dispose() => socket.Dispose();
}
