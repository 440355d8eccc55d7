using System.Net;
using System.Net.Sockets;

namespace Microservices.Tests.Hostile;

/// <summary>A connection over which bytes are sent, and nothing is read.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
    private Task sending = Task.CompletedTask;

    /// <summary>Connects, from an address of this machine.</summary>
    public static async Task<RawConnection> OpenAsync(int port, string from)
    {
        var connection = new RawConnection();
        connection.socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await connection.socket.ConnectAsync(IPAddress.Loopback, port);
        return connection;
    }

    /// <summary>Sends as much as the other end takes, until the end of this.</summary>
    public void Send(byte[] bytes) => sending = SendAsync(bytes);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        await sending;
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await socket.SendAsync(bytes)..];
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It was cut off, or disposed of.
        }
    }
}
