using Google.Protobuf.WellKnownTypes;

namespace Microservices.Webhooks;

/// <summary>One time that a message was sent, as kept.</summary>
internal sealed class DeliveryAttempt
{
    /// <summary>In characters: each is made of a byte at least.</summary>
    public const int MaxBody = 4 << 10;

    /// <summary>How many of a delivery are kept.</summary>
    public const int MaxKept = 20;

    public required string DeliveryId { get; init; }

    /// <summary>The delivery's, after it.</summary>
    public required long Round { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>0 for no answer.</summary>
    public required int Status { get; init; }

    public required string Error { get; init; }

    public required string ResponseBody { get; init; }

    public V1.DeliveryAttempt ToMessage() => new()
    {
        Time = Time.ToTimestamp(),
        Duration = Duration.ToDuration(),
        Status = Status,
        Error = Error,
        ResponseBody = ResponseBody,
    };
}
