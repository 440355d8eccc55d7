using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;

namespace Microservices.Streaming.Events;

/// <summary>
/// A frame on its way to a client, as gRPC carries it: five bytes of prefix, then the message. A batch is encoded once however many
/// streams it goes to, except for the id of the subscription, from events as their source encoded them. The client reads an ordinary
/// message. The field numbers are those that <see cref="V1.EventStreamMethod{TRequest, TResponse, TEvent}"/> checks.
/// </summary>
internal readonly struct EventFrame
{
    internal const int LargestBatch = 3 * 1024 * 1024;
    private const int Prefix = 5;
    private const int EventsField = 2;
    private const int Varint = 0;
    private const int LengthDelimited = 2;

    // Prefix, tag, length, tag, number.
    private const int LongestHead = Prefix + 1 + 5 + 1 + 5;
    private readonly int _field;
    private readonly IMessage? _message;
    private readonly uint _subscription;
    private readonly EncodedEvents? _batch;
    private readonly int _length;

    /// <summary>A frame of one message.</summary>
    private EventFrame(int field, IMessage message)
    {
        (_field, _message) = (field, message);
        _length = message.CalculateSize();
    }

    private EventFrame(uint subscription, EncodedEvents batch)
    {
        (_field, _subscription, _batch) = (EventsField, subscription, batch);
        _length = 1 + CodedOutputStream.ComputeUInt32Size(subscription) + batch.Body.Length;
    }

    /// <summary>Bytes on the wire.</summary>
    internal int Size => Prefix + 1 + Sized(_length);

    /// <summary>How many events it carries.</summary>
    internal int Events => _batch?.Events.Count ?? 0;

    /// <summary>What has caused its events, where that is sampled.</summary>
    internal V1.EventCauses? Causes => _batch?.Causes;

    internal static EventFrame Subscribed(V1.EventSubscribed message) => new(1, message);

    internal static EventFrame Batch(uint subscription, EncodedEvents batch) => new(subscription, batch);

    internal static EventFrame Reset(V1.EventReset message) => new(3, message);

    internal static EventFrame Failed(V1.EventFailed message) => new(4, message);

    internal static EventFrame Draining(V1.Draining message) => new(5, message);

    internal static EventFrame Heartbeat() => new(6, new V1.EventHeartbeat());

    internal static EventFrame Authenticated(V1.EventAuthenticated message) => new(7, message);

    /// <summary>Whether a batch is small enough for what clients take by default.</summary>
    internal static bool Fits(EncodedEvents batch)
    {
        long bytes = batch.Causes?.CalculateSize() ?? 0;
        foreach (var item in batch.Events)
            bytes += item.Length + 6;
        return bytes <= LargestBatch;
    }

    internal void WriteTo(IBufferWriter<byte> output)
    {
        // One span for all of it: each request for one goes through all layers of the server.
        var head = output.GetSpan(LongestHead);
        var rest = head;
        rest[0] = 0; // not compressed
        BinaryPrimitives.WriteInt32BigEndian(rest[1..], Size - Prefix);
        rest = rest[Prefix..];
        Head(ref rest, _field, _length);
        if (_batch is not null)
        {
            rest[0] = (1 << 3) | Varint;
            rest = rest[1..];
            Write(ref rest, _subscription);
        }

        output.Advance(head.Length - rest.Length);
        if (_message is not null)
        {
            _message.WriteTo(output);
            return;
        }

        output.Write(_batch!.Body.Span);
    }

    /// <summary>The encoding of a batch that all streams share: all of it except the id of the subscription.</summary>
    internal static byte[] Encode(EncodedEvents batch)
    {
        var cursor = Encoding.UTF8.GetByteCount(batch.Cursor);
        var length = (cursor == 0 ? 0 : 1 + Sized(cursor)) + (batch.Snapshot ? 2 : 0);
        foreach (var item in batch.Events)
            length += 1 + Sized(item.Length);
        var causes = batch.Causes?.CalculateSize() ?? 0;
        length += causes == 0 ? 0 : 1 + Sized(causes);

        var body = new byte[length];
        var rest = body.AsSpan();
        if (cursor > 0)
        {
            Head(ref rest, 2, cursor);
            rest = rest[Encoding.UTF8.GetBytes(batch.Cursor, rest)..];
        }

        foreach (var item in batch.Events)
        {
            Head(ref rest, 3, item.Length);
            item.Span.CopyTo(rest);
            rest = rest[item.Length..];
        }

        if (batch.Snapshot)
        {
            (rest[0], rest[1]) = ((4 << 3) | Varint, 1);
            rest = rest[2..];
        }

        if (causes > 0)
        {
            Head(ref rest, 5, causes);
            batch.Causes!.WriteTo(rest);
        }

        return body;
    }

    private static int Sized(int length) => CodedOutputStream.ComputeLengthSize(length) + length;

    /// <summary>The tag and the length of a field.</summary>
    private static void Head(ref Span<byte> output, int field, int length)
    {
        output[0] = (byte)((field << 3) | LengthDelimited);
        output = output[1..];
        Write(ref output, (uint)length);
    }

    private static void Write(ref Span<byte> output, uint value)
    {
        var i = 0;
        for (; value >= 0x80; value >>= 7)
            output[i++] = (byte)(value | 0x80);
        output[i++] = (byte)value;
        output = output[i..];
    }
}
