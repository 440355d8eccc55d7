using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile.Http2;

/// <summary>The frames of RFC 9113, 6.</summary>
internal enum FrameType : byte
{
    Data = 0,
    Headers = 1,
    Priority = 2,
    ResetStream = 3,
    Settings = 4,
    PushPromise = 5,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// <summary>One end of an HTTP/2 connection that keeps no rule: it writes what it is told, and what comes back is read and forgotten.</summary>
internal sealed class Http2Connection : IAsyncDisposable
{
    /// <summary>END_STREAM, and ACK of settings and pings.</summary>
    public const byte EndStream = 1;

    /// <summary>END_HEADERS.</summary>
    public const byte EndHeaders = 4;

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new LingerOption(true, 0) };
    private readonly List<byte> pending = [];

    /// <summary>Connects and says hello: the preface, and settings. From another address of this machine if it is given.</summary>
    public static async Task<Http2Connection> OpenAsync(int port, CancellationToken cancellationToken, uint? initialWindow = null, string? from = null)
    {
        var connection = new Http2Connection();
        if (from is not null)
            connection.socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await connection.socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        connection.pending.AddRange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        var settings = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(settings, 4);
        BinaryPrimitives.WriteUInt32BigEndian(settings.AsSpan(2), initialWindow ?? 65_535);
        return connection.Write(FrameType.Settings, 0, 0, initialWindow is null ? [] : settings);
    }

    /// <summary>Adds a frame to what is sent next.</summary>
    public Http2Connection Write(FrameType type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, (byte)type, flags, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(head[5..], stream);
        pending.AddRange(head);
        pending.AddRange(payload);
        return this;
    }

    /// <summary>Adds a request of gRPC for a method ("/users.v1.UsersService/GetUser"), by somebody who may call it.</summary>
    public Http2Connection Request(int stream, string path, byte flags = EndHeaders) => Write(FrameType.Headers, flags, stream, Headers(path));

    /// <summary>Adds bytes that are no frame.</summary>
    public Http2Connection Junk(ReadOnlySpan<byte> bytes)
    {
        pending.AddRange(bytes);
        return this;
    }

    /// <summary>Sends what was added. False: the server has closed the connection, as it may.</summary>
    public async Task<bool> SendAsync(CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(pending.ToArray(), cancellationToken);
            pending.Clear();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Reads and forgets, until the server closes the connection or the time is over.</summary>
    public async Task ReadAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(atMost);
        var buffer = new byte[16_384];
        try
        {
            while (await socket.ReceiveAsync(buffer, timeout.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Closed.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Over.
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The header block of a gRPC request with a good token: HPACK (RFC 7541), every field a literal with a name of its own.</summary>
    public static byte[] Headers(string path, params (string Name, string Value)[] more)
    {
        var block = new List<byte>();
        (string Name, string Value)[] all =
        [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers"),
            ("authorization", $"Bearer {Tokens.For(path)}"), .. more,
        ];
        foreach (var (name, value) in all)
        {
            block.Add(0);
            Text(block, name);
            Text(block, value);
        }

        return [.. block];
    }

    private static void Text(List<byte> block, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (bytes.Length < 127)
        {
            block.Add((byte)bytes.Length);
        }
        else
        {
            block.Add(127);
            var rest = bytes.Length - 127;
            for (; rest >= 128; rest >>= 7)
                block.Add((byte)(rest | 128));
            block.Add((byte)rest);
        }

        block.AddRange(bytes);
    }
}
