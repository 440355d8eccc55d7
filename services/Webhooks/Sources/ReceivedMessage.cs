using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Microservices.Webhooks;

/// <summary>What a source was sent, as kept.</summary>
internal sealed class ReceivedMessage
{
    /// <summary>
    /// The largest body, in bytes. In base64, with what else is told of it, it is within what a message to an endpoint may be (72 KiB), and so within an event.
    /// </summary>
    public const int MaxBody = 48 << 10;

    /// <summary>What a message counts beside its body, in bytes: so a bound of bytes is one of messages as well.</summary>
    public const int Overhead = 1 << 10;

    /// <summary>The longest of each text that a sender says, in characters of ASCII.</summary>
    public const int MaxText = 128;

    public required string ReceivedId { get; init; }

    public required string SourceId { get; init; }

    public required string OwnerId { get; init; }

    /// <summary>The sender's id of it.</summary>
    public required string MessageId { get; init; }

    public required string EventType { get; init; }

    public required string ContentType { get; init; }

    public required byte[] Body { get; init; }

    public required int Size { get; init; }

    /// <summary>Where it begins among what its source has received: <see cref="Source.Received"/> before it.</summary>
    public required long Place { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    public V1.ReceivedMessage ToMessage() => new()
    {
        ReceivedId = ReceivedId,
        SourceId = SourceId,
        OwnerId = OwnerId,
        MessageId = MessageId,
        EventType = EventType,
        ContentType = ContentType,
        Payload = UnsafeByteOperations.UnsafeWrap(Body),
        Size = Size,
        ReceiveTime = CreateTime.ToTimestamp(),
    };
}
