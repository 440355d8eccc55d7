using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;

namespace Microservices.Streaming.Events;

/// <summary>
/// A frame on its way to a client, as gRPC carries it: five bytes of prefix, then the message. Events are copied into it as their
/// source encoded them, so that an event is encoded once however many streams it goes to; what is read at the other end is an
/// ordinary message. The field numbers are those that <see cref="V1.EventStreamMethod{TRequest, TSubscription, TResponse, TBatch, TEvent}"/> checks.
/// </summary>
internal readonly struct EventFrame
{
    internal const int LargestBatch = 3 * 1024 * 1024;
    private const int Prefix = 5;
    private const int EventsField = 2;
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
        var cursor = Encoding.UTF8.GetByteCount(batch.Cursor);
        var length = 1 + CodedOutputStream.ComputeUInt32Size(subscription) + (cursor == 0 ? 0 : 1 + Sized(cursor)) + (batch.Snapshot ? 2 : 0);
        foreach (var item in batch.Events)
            length += 1 + Sized(item.Length);
        _length = length;
    }

    /// <summary>Bytes on the wire.</summary>
    internal int Size => Prefix + 1 + Sized(_length);

    /// <summary>How many events it carries.</summary>
    internal int Events => _batch?.Events.Count ?? 0;

    internal static EventFrame Subscribed(V1.EventSubscribed message) => new(1, message);

    internal static EventFrame Batch(uint subscription, EncodedEvents batch) => new(subscription, batch);

    internal static EventFrame Reset(V1.EventReset message) => new(3, message);

    internal static EventFrame Failed(V1.EventFailed message) => new(4, message);

    internal static EventFrame Draining(V1.Draining message) => new(5, message);

    internal static EventFrame Heartbeat() => new(6, new V1.EventHeartbeat());

    /// <summary>Whether a batch is small enough for what clients take by default.</summary>
    internal static bool Fits(EncodedEvents batch)
    {
        long bytes = 0;
        foreach (var item in batch.Events)
            bytes += item.Length + 6;
        return bytes <= LargestBatch;
    }

    internal void WriteTo(IBufferWriter<byte> output)
    {
        var size = Size - Prefix;
        var prefix = output.GetSpan(Prefix);
        prefix[0] = 0; // not compressed
        BinaryPrimitives.WriteInt32BigEndian(prefix[1..], size);
        output.Advance(Prefix);
        Tag(output, _field, lengthDelimited: true);
        Varint(output, (uint)_length);
        if (_message is not null)
        {
            _message.WriteTo(output);
            return;
        }

        Tag(output, 1, lengthDelimited: false);
        Varint(output, _subscription);
        if (_batch!.Cursor.Length > 0)
        {
            Tag(output, 2, lengthDelimited: true);
            Varint(output, (uint)Encoding.UTF8.GetByteCount(_batch.Cursor));
            Encoding.UTF8.GetBytes(_batch.Cursor, output);
        }

        foreach (var item in _batch.Events)
        {
            Tag(output, 3, lengthDelimited: true);
            Varint(output, (uint)item.Length);
            output.Write(item.Span);
        }

        if (_batch.Snapshot)
        {
            Tag(output, 4, lengthDelimited: false);
            Varint(output, 1);
        }
    }

    private static int Sized(int length) => CodedOutputStream.ComputeLengthSize(length) + length;

    private static void Tag(IBufferWriter<byte> output, int field, bool lengthDelimited) => Varint(output, ((uint)field << 3) | (lengthDelimited ? 2u : 0u));

    private static void Varint(IBufferWriter<byte> output, uint value)
    {
        var span = output.GetSpan(5);
        var i = 0;
        for (; value >= 0x80; value >>= 7)
            span[i++] = (byte)(value | 0x80);
        span[i++] = (byte)value;
        output.Advance(i);
    }
}
