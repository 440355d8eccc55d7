using System.Buffers;
using Google.Protobuf;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>A frame that is put together by hand is the message that a client reads.</summary>
public sealed class EventFrameTests
{
    private const int Prefix = 5;

    [Theory]
    [InlineData(false, "")]
    [InlineData(false, "cursor")]
    [InlineData(true, "")]
    public void What_has_caused_events_travels_with_them_and_is_not_a_byte_where_there_is_none(bool snapshot, string cursor)
    {
        OrderEvent[] events = [new() { Kind = OrderEventKind.Placed }, new() { Kind = OrderEventKind.Cancelled, Order = new() { OrderId = new string('o', 300) } }];
        var causes = new EventCauses { Causes = { new EventCause { Index = 1, TraceContext = ByteString.CopyFrom(new byte[24]) } } };
        var batch = new EncodedEvents([.. events.Select(e => (ReadOnlyMemory<byte>)e.ToByteArray())], cursor, snapshot);

        var (bare, caused) = (Bytes(batch), Bytes(batch with { Causes = causes }));

        var expected = new WatchOrdersEvents { SubscriptionId = 7, Cursor = cursor, Events = { events }, Snapshot = snapshot };
        Assert.Equal(new WatchOrdersResponse { Events = expected }, WatchOrdersResponse.Parser.ParseFrom(bare));
        Assert.Equal(new WatchOrdersResponse { Events = expected }.CalculateSize(), bare.Length);
        expected.Causes = causes;
        Assert.Equal(new WatchOrdersResponse { Events = expected }, WatchOrdersResponse.Parser.ParseFrom(caused));
        Assert.Equal((0, 24), (causes.Of(0).Length, causes.Of(1).Length));
    }

    private static byte[] Bytes(EncodedEvents batch)
    {
        var output = new ArrayBufferWriter<byte>();
        EventFrame.Batch(7, batch).WriteTo(output);
        return output.WrittenSpan[Prefix..].ToArray();
    }
}
