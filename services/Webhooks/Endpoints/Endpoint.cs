using Google.Protobuf.WellKnownTypes;
using Microservices.Persistence;

namespace Microservices.Webhooks;

/// <summary>An endpoint as kept.</summary>
internal sealed class Endpoint
{
    /// <summary>The owner of endpoints that get every user's events. No user can be called so.</summary>
    public const string Everyone = "@everyone";

    public const int MaxDescription = 200;

    public const int MaxReason = 512;

    /// <summary>Failures in a row after which it gets one message at a time.</summary>
    public const int FailingFrom = 3;

    public required string EndpointId { get; init; }

    public required string OwnerId { get; init; }

    public required string Url { get; set; }

    public required string Description { get; set; }

    /// <summary>Separated by commas; empty for all.</summary>
    public required string EventTypes { get; set; }

    public required bool Ordered { get; set; }

    public V1.EndpointState State { get; set; } = V1.EndpointState.Enabled;

    public string StateReason { get; set; } = "";

    /// <summary>Attempts that have failed in a row.</summary>
    public int Failures { get; set; }

    /// <summary>Since when all attempts have failed; null when the last one succeeded.</summary>
    public DateTimeOffset? FailingSince { get; set; }

    /// <summary>Whether it took long when it was sent to last: it waits in a line of its own then.</summary>
    public bool Slow { get; set; }

    /// <summary>Nothing is sent before this, in Unix milliseconds by the database's clock.</summary>
    public long PausedUntilMs { get; set; }

    public long Version { get; set; } = 1;

    public required DateTimeOffset CreateTime { get; init; }

    public required DateTimeOffset UpdateTime { get; set; }

    public bool IsFailing => Failures >= FailingFrom;

    public bool Wants(string eventType) => EventTypes.Length == 0 || EventTypes.Split(',').Contains(eventType);

    /// <summary>
    /// Has what waits for it sent, after a while. Each endpoint is in one of two lines: what hangs or fails has a line of its own and holds up no other.
    /// </summary>
    public NewDueWork Sending(TimeSpan delay = default) => new(IsFailing || Slow ? SendDeliveries.SlowKind : SendDeliveries.Kind, []) { Id = EndpointId, AsksAgain = true, Delay = delay };

    /// <param name="secrets">Those that sign now.</param>
    public V1.Endpoint ToMessage(IEnumerable<KeptSecret> secrets)
    {
        var message = new V1.Endpoint
        {
            EndpointId = EndpointId,
            OwnerId = OwnerId,
            Url = Url,
            Description = Description,
            Ordered = Ordered,
            State = State,
            StateReason = StateReason,
            FailingSince = FailingSince?.ToTimestamp(),
            Version = Version,
            CreateTime = CreateTime.ToTimestamp(),
            UpdateTime = UpdateTime.ToTimestamp(),
        };
        if (EventTypes.Length > 0)
            message.EventTypes.AddRange(EventTypes.Split(','));
        message.Secrets.AddRange(secrets.OrderByDescending(s => s.CreateTime).Select(s => s.ToMessage()));
        return message;
    }
}
