using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Microservices.Tests.Support;

/// <summary>HTTP/2 frames as no client sends them. Not thread-safe.</summary>
public sealed class RawHttp2 : IDisposable
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Settings = 4;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private readonly TcpClient connection = new() { ReceiveBufferSize = 4096 };

    /// <summary>Connects, with a window of 0: what the server has to say waits.</summary>
    public static async Task<RawHttp2> ConnectAsync(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var raw = new RawHttp2();
        await raw.connection.ConnectAsync(address.Host, address.Port);
        byte[] preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [0, 4, 0, 0, 0, 0])];
        await raw.SendAsync(preface);
        return raw;
    }

    /// <summary>A gRPC call of a method with an empty message, as frames.</summary>
    public static byte[] Call(int stream, string method) =>
    [
        .. Frame(Headers, EndHeaders, stream,
        [
            .. Literal(":method", "POST"), .. Literal(":scheme", "http"), .. Literal(":path", method), .. Literal(":authority", "test"),
            .. Literal("content-type", "application/grpc"), .. Literal("te", "trailers"),
        ]),
        .. Frame(Data, EndStream, stream, new byte[5]),
    ];

    /// <summary>Sends bytes.</summary>
    /// <exception cref="IOException">The server has closed the connection.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await connection.GetStream().WriteAsync(bytes);

    /// <inheritdoc/>
    public void Dispose() => connection.Dispose();

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    // HPACK, without an index and without Huffman's code.
    private static byte[] Literal(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
}
