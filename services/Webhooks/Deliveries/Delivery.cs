using Google.Protobuf.WellKnownTypes;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>A message on its way to one endpoint, as kept.</summary>
internal sealed class Delivery
{
    public const int MaxError = 200;

    /// <summary>The rows that are still to be sent, as indexes filter them.</summary>
    public const string IsPending = "\"State\" = 1";

    public required string DeliveryId { get; init; }

    public required string MessageId { get; init; }

    public required string EndpointId { get; init; }

    public required string OwnerId { get; init; }

    /// <summary>Which of the partitions of all owners the owner is in, so that a partition can be read by itself.</summary>
    public required int Partition { get; init; }

    /// <summary>The place of its creation in the owner's topic.</summary>
    public long Offset { get; set; }

    public required string EventType { get; init; }

    public required string Key { get; init; }

    public DeliveryState State { get; set; } = DeliveryState.Pending;

    public int Attempts { get; set; }

    /// <summary>When it is sent next, in Unix milliseconds by the database's clock; 0 for as soon as can be.</summary>
    public long NextAttemptMs { get; set; }

    public int LastStatus { get; set; }

    public string LastError { get; set; } = "";

    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>Null while it is pending.</summary>
    public DateTimeOffset? EndTime { get; set; }

    /// <summary>Counts its changes.</summary>
    public long Round { get; set; }

    public V1.Delivery ToMessage() => new()
    {
        DeliveryId = DeliveryId,
        MessageId = MessageId,
        EndpointId = EndpointId,
        OwnerId = OwnerId,
        EventType = EventType,
        Key = Key,
        State = State,
        Attempts = Attempts,
        NextAttemptTime = State != DeliveryState.Pending ? null : NextAttemptMs == 0 ? CreateTime.ToTimestamp() : DateTimeOffset.FromUnixTimeMilliseconds(NextAttemptMs).ToTimestamp(),
        LastStatus = LastStatus,
        LastError = LastError,
        CreateTime = CreateTime.ToTimestamp(),
        EndTime = EndTime?.ToTimestamp(),
    };

    /// <summary>Another of the same values.</summary>
    public Delivery Copy() => (Delivery)MemberwiseClone();

    /// <summary>It is over.</summary>
    public void End(DeliveryState state, DateTimeOffset now)
    {
        (State, EndTime) = (state, now);
        Round++;
    }

    /// <summary>It is sent as soon as can be, with all its attempts; under way already, it is sent again.</summary>
    public void Begin()
    {
        (State, EndTime, Attempts, NextAttemptMs) = (DeliveryState.Pending, null, 0, 0);
        Round++;
    }
}
