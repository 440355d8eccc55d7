using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Operations.V1;

namespace Microservices.Topics.Operations;

/// <summary>Shows events to operators, with what is in them where that is known.</summary>
internal static class TopicEvents
{
    private const int MaxJsonLength = 256 * 1024;

    /// <summary>The place after an event.</summary>
    public static Cursor PlaceAfter(LogEvent e) => Cursor.At(e.Topic, e.Epoch, e.Offset);

    /// <summary>The event as operators see it.</summary>
    public static TopicEvent ToMessage(this LogEvent e, MessageDescriptor? type)
    {
        var json = JsonOf(e.Payload, type);
        return new TopicEvent
        {
            Offset = e.Offset,
            Time = Timestamp.FromDateTimeOffset(e.Time),
            Key = e.Key,
            Payload = UnsafeByteOperations.UnsafeWrap(e.Payload),
            Size = e.Payload.Length,
            MessageType = json.Length > 0 ? type!.FullName : "",
            Json = json,
            Cursor = PlaceAfter(e).ToString(),
        };
    }

    // What is in a log may be of a later version, or by a mistake something else: then only its bytes are shown.
    private static string JsonOf(ReadOnlyMemory<byte> payload, MessageDescriptor? type)
    {
        if (payload.IsEmpty || type is null)
            return "";
        try
        {
            var json = JsonFormatter.Default.Format(type.Parser.ParseFrom(payload.Span));
            return json.Length <= MaxJsonLength ? json : "";
        }
        catch (Exception notSuch) when (notSuch is InvalidProtocolBufferException or InvalidOperationException)
        {
            return "";
        }
    }
}
