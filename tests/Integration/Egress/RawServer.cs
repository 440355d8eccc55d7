using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Microservices.Tests.Integration.Egress;

/// <summary>A server on the loopback interface that counts its connections and does with each what a test says.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<Task> connections = [];
    private readonly TcpListener listener;
    private readonly Task accepting;
    private int accepted;

    /// <summary>Starts it.</summary>
    /// <param name="serve">What it does with a connection, which ends with it.</param>
    /// <param name="address">Where it listens; what egress may call in these tests is 127.0.0.2.</param>
    /// <param name="port">The port; a free one unless given.</param>
    public RawServer(Func<Stream, CancellationToken, Task> serve, string address = "127.0.0.2", int port = 0)
    {
        listener = new TcpListener(IPAddress.Parse(address), port);
        listener.Start(512);
        accepting = AcceptAsync(serve);
    }

    /// <summary>One that answers each request with these bytes and keeps the connection.</summary>
    public static RawServer Answering(string answer, string address = "127.0.0.2", int port = 0) => new(
        async (stream, token) =>
        {
            while (await ReadRequestAsync(stream, token) is not null)
                await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), token);
        },
        address, port);

    /// <summary>One that sends these bytes to who asks, and nothing more, for as long as the test takes.</summary>
    public static RawServer Stalling(string sent) => new(async (stream, token) =>
    {
        await ReadRequestAsync(stream, token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(sent), token);
        await Task.Delay(Timeout.Infinite, token);
    });

    /// <summary>One that is never to be connected to.</summary>
    public static RawServer Trap(string address, int port) => Answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrap", address, port);

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How many connections it has had.</summary>
    public int Accepted => Volatile.Read(ref accepted);

    /// <summary>Reads to the end of a request's headers; null when the connection has ended.</summary>
    public static async Task<string?> ReadRequestAsync(Stream stream, CancellationToken token)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, token) == 1)
        {
            text.Append((char)one[0]);
            if (text.Length >= 4 && text.ToString(text.Length - 4, 4) == "\r\n\r\n")
                return text.ToString();
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        await Task.WhenAll(connections);
        stopping.Dispose();
    }

    private async Task AcceptAsync(Func<Stream, CancellationToken, Task> serve)
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptSocketAsync(stopping.Token);
                Interlocked.Increment(ref accepted);
                connections.Add(ServeAsync(serve, socket));
            }
        }
        catch (OperationCanceledException)
        {
            // The test has ended.
        }
    }

    private async Task ServeAsync(Func<Stream, CancellationToken, Task> serve, Socket socket)
    {
        await Task.Yield();
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await serve(stream, stopping.Token);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The client has gone, or the test has ended.
        }
    }
}
