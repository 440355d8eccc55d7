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
            .. Literal("content-type", "application/grpc"), .. Literal("te", "trailers"), .. Literal("authorization", $"Bearer {Tokens.For(method)}"),
        ]),
        .. Frame(Data, EndStream, stream, new byte[5]),
    ];

    /// <summary>Text in a header, not compressed, with its length before it as HPACK has it (RFC 7541, 5.1).</summary>
    public static byte[] Text(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        const int MostInPrefix = 127;
        List<byte> length = [(byte)Math.Min(text.Length, MostInPrefix)];
        if (text.Length >= MostInPrefix)
        {
            var rest = text.Length - MostInPrefix;
            for (; rest >= 128; rest /= 128)
                length.Add((byte)((rest % 128) + 128));
            length.Add((byte)rest);
        }

        return [.. length, .. Encoding.ASCII.GetBytes(text)];
    }

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
    private static byte[] Literal(string name, string value) => [0, .. Text(name), .. Text(value)];
}
