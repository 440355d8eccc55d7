using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>What happened to a delivery.</summary>
[JsonConverter(typeof(WebhookDeliveryEventKindConverter))]
public enum WebhookDeliveryEventKind
{
    /// <summary>Something that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It was created.</summary>
    Created,

    /// <summary>An attempt failed, and there will be another.</summary>
    Attempted,

    /// <summary>It was delivered.</summary>
    Delivered,

    /// <summary>It was given up.</summary>
    Failed,

    /// <summary>It is sent again, since somebody has asked for that.</summary>
    Replayed,

    /// <summary>Nothing: the service has disabled the endpoint.</summary>
    EndpointDisabled,
}

/// <summary>One change: the data of `event: delivery`.</summary>
public sealed record WebhookDeliveryEvent
{
    /// <summary>What happened.</summary>
    public required WebhookDeliveryEventKind Kind { get; init; }

    /// <summary>The delivery as it was right after; absent where the endpoint was disabled.</summary>
    public WebhookDelivery? Delivery { get; init; }

    /// <summary>When it happened: RFC 3339, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>The trace context of what has caused it, as in the W3C header of this name; absent when that is not sampled.</summary>
    public string? Traceparent { get; init; }
}
