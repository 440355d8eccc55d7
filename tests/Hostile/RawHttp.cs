using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Microservices.Tests.Hostile;

/// <summary>One HTTP/1.1 request of any bytes on a connection of its own.</summary>
internal static class RawHttp
{
    // A server may wait for more of a request that lacks some, and an event stream goes on for good.
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(700);

    /// <summary>Sends it; returns the status, 0 for none within a moment or from a connection that was closed, and the beginning of the body.</summary>
    public static async Task<(int Status, string Text)> SendAsync(int port, byte[] request, TimeSpan within, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(within);
        var answer = new byte[8_192];
        var length = 0;
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, timeout.Token);
            await socket.SendAsync(request, timeout.Token);
            while (length < answer.Length)
            {
                if (length > 0)
                    timeout.CancelAfter(Enough);
                var read = await socket.ReceiveAsync(answer.AsMemory(length), timeout.Token);
                if (read == 0 || IsLive(answer.AsSpan(0, length += read)))
                    break;
            }
        }
        catch (SocketException)
        {
            // Cut off while it was sent, which is an answer to much of this.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // What came until then counts.
        }

        var text = Encoding.Latin1.GetString(answer, 0, length);
        return (text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture) : 0, text);
    }

    private static bool IsLive(ReadOnlySpan<byte> answer) => answer.IndexOf("event: ready"u8) >= 0;
}
