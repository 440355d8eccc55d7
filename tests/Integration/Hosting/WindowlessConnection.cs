using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>A gRPC caller that takes no byte of any answer: its HTTP/2 windows for streams are 0.</summary>
internal sealed class WindowlessConnection : IAsyncDisposable
{
    private readonly TcpClient client = new(AddressFamily.InterNetwork);
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task reading = Task.CompletedTask;
    private int next = 1;

    private WindowlessConnection()
    {
    }

    /// <summary>The streams that the server has reset, with its error codes.</summary>
    public ConcurrentDictionary<int, uint> Resets { get; } = [];

    /// <summary>How many answers have begun, or ended with nothing but a status.</summary>
    public ConcurrentDictionary<int, bool> Answers { get; } = [];

    /// <summary>Completes when the server has said hello.</summary>
    public Task Begun => begun.Task;

    /// <summary>Completes when the server has closed the connection.</summary>
    public Task Closed => reading;

    /// <summary>Connects, from an address of this machine if it is given.</summary>
    public static async Task<WindowlessConnection> OpenAsync(string address, string? from = null)
    {
        var connection = new WindowlessConnection();
        var uri = new Uri(address);
        if (from is not null)
            connection.client.Client.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            await connection.client.ConnectAsync(uri.Host, uri.Port);
            await connection.client.GetStream().WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
            // SETTINGS_INITIAL_WINDOW_SIZE = 0.
            await connection.WriteAsync(4, 0, 0, [0, 4, 0, 0, 0, 0]);
            connection.reading = connection.ReadAsync();
        }
        catch (Exception e) when (e is IOException or SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            // The server has closed it before all of this was through.
        }

        return connection;
    }

    /// <summary>Makes a unary call, or so many of the same at once.</summary>
    public async Task CallAsync(string path, IMessage request, int times = 1)
    {
        byte[] headers =
        [
            0x83, 0x86, // :method POST, :scheme http
            0x04, .. Text(path), 0x01, .. Text("localhost"), 0x00, .. Text("te"), .. Text("trailers"), 0x00, .. Text("content-type"), .. Text("application/grpc"), 0x00, .. Text("authorization"), .. Text($"Bearer {Tokens.For(path)}"),
        ];
        var message = request.ToByteArray();
        var data = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(1), message.Length);
        message.CopyTo(data, 5);
        var frames = new List<byte>();
        for (var i = 0; i < times; i++, next += 2)
        {
            frames.AddRange(Frame(1, 4, next, headers));
            frames.AddRange(Frame(0, 1, next, data));
        }

        await client.GetStream().WriteAsync(frames.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await reading;
    }

    private static byte[] Text(string text) => RawHttp2.Text(text);

    private async Task WriteAsync(byte type, byte flags, int stream, byte[] payload) => await client.GetStream().WriteAsync(Frame(type, flags, stream, payload));

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    private async Task ReadAsync()
    {
        try
        {
            var head = new byte[9];
            while (true)
            {
                await client.GetStream().ReadExactlyAsync(head);
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
                await client.GetStream().ReadExactlyAsync(payload);
                var stream = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5));
                if (head[3] == 1)
                    Answers[stream] = true;
                else if (head[3] == 3)
                    Resets[stream] = BinaryPrimitives.ReadUInt32BigEndian(payload);
                else if (head[3] == 4 && (head[4] & 1) == 0)
                {
                    begun.TrySetResult();
                    await WriteAsync(4, 1, 0, []);
                }
                else if (head[3] == 6 && (head[4] & 1) == 0)
                    await WriteAsync(6, 1, 0, payload);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It is closed.
        }
    }
}
