using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>Whether an endpoint is sent to.</summary>
[JsonConverter(typeof(WebhookEndpointStateConverter))]
public enum WebhookEndpointState
{
    /// <summary>A state that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It is.</summary>
    Enabled,

    /// <summary>Somebody has disabled it.</summary>
    Disabled,

    /// <summary>It has failed for days, and was disabled for that.</summary>
    Failed,

    /// <summary>It has answered 410, and so asked for no more.</summary>
    Gone,
}

/// <summary>An address that is told what happens.</summary>
public sealed record WebhookEndpoint
{
    /// <summary>Identifies the endpoint for good.</summary>
    public required string EndpointId { get; init; }

    /// <summary>The user whose events it gets; `@everyone`: every user's.</summary>
    public required string OwnerId { get; init; }

    /// <summary>Where messages go.</summary>
    public required string Url { get; init; }

    /// <summary>What it is for, for people; may be empty.</summary>
    public required string Description { get; init; }

    /// <summary>Which events it gets; empty for all.</summary>
    public required IReadOnlyList<string> EventTypes { get; init; }

    /// <summary>Whether messages about the same thing come in the order in which it happened.</summary>
    public required bool Ordered { get; init; }

    /// <summary>Whether messages are sent.</summary>
    public required WebhookEndpointState State { get; init; }

    /// <summary>Why it is as it is, for people; absent while it is enabled.</summary>
    public string? StateReason { get; init; }

    /// <summary>Since when every attempt has failed: RFC 3339, UTC; absent when the last one succeeded.</summary>
    public DateTime? FailingSince { get; init; }

    /// <summary>The secrets that sign now, newest first, without their values.</summary>
    public required IReadOnlyList<WebhookSecret> Secrets { get; init; }

    /// <summary>Counts the changes that callers make: 1 when created. An update states the version it is based on.</summary>
    public required long Version { get; init; }

    /// <summary>When it was created: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }

    /// <summary>When it was last changed: RFC 3339, UTC.</summary>
    public required DateTime UpdateTime { get; init; }
}

/// <summary>A secret without its value.</summary>
public sealed record WebhookSecret
{
    /// <summary>Identifies the secret.</summary>
    public required string SecretId { get; init; }

    /// <summary>When it was made: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }

    /// <summary>When it signs no more: RFC 3339, UTC; absent for the newest.</summary>
    public DateTime? ExpireTime { get; init; }
}

/// <summary>The endpoints of one owner.</summary>
public sealed record WebhookEndpointList
{
    /// <summary>All of them, oldest first.</summary>
    public required IReadOnlyList<WebhookEndpoint> Endpoints { get; init; }
}

/// <summary>An endpoint with a secret that was made for it.</summary>
public sealed record WebhookEndpointWithSecret
{
    /// <summary>The endpoint.</summary>
    public required WebhookEndpoint Endpoint { get; init; }

    /// <summary>What its messages are signed with: `whsec_` and base64 of 32 bytes. It is shown now, and never again; absent where the answer is a replay.</summary>
    public string? Secret { get; init; }
}

/// <summary>How far a delivery has come.</summary>
[JsonConverter(typeof(WebhookDeliveryStateConverter))]
public enum WebhookDeliveryState
{
    /// <summary>A state that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It is to be sent, for the first time or again.</summary>
    Pending,

    /// <summary>The endpoint has answered 2xx, or has confirmed that it has it.</summary>
    Delivered,

    /// <summary>It was given up: all its attempts have failed.</summary>
    Failed,
}

/// <summary>A message on its way to an endpoint.</summary>
public sealed record WebhookDelivery
{
    /// <summary>Identifies the delivery. Those of an endpoint grow with time.</summary>
    public required string DeliveryId { get; init; }

    /// <summary>The id that the message has on every attempt and for every endpoint: the header `webhook-id`.</summary>
    public required string MessageId { get; init; }

    /// <summary>Where it goes.</summary>
    public required string EndpointId { get; init; }

    /// <summary>Whose the endpoint is.</summary>
    public required string OwnerId { get; init; }

    /// <summary>What happened, such as `order.placed`; or `webhook.ping`.</summary>
    public required string EventType { get; init; }

    /// <summary>What it happened to: the id of the order, the user or the notification.</summary>
    public required string Key { get; init; }

    /// <summary>How far it has come.</summary>
    public required WebhookDeliveryState State { get; init; }

    /// <summary>How often it was sent since it was created or replayed.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it is sent next, unless the endpoint is disabled or has to be waited for: RFC 3339, UTC; absent unless it is pending.</summary>
    public DateTime? NextAttemptTime { get; init; }

    /// <summary>The HTTP status of the last attempt; absent when there was no answer, or no attempt.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Why the last attempt failed, for people; absent when it has not.</summary>
    public string? LastError { get; init; }

    /// <summary>When it was created: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }

    /// <summary>When it was delivered or given up: RFC 3339, UTC; absent while it is pending.</summary>
    public DateTime? EndTime { get; init; }
}

/// <summary>A page of an endpoint's deliveries.</summary>
public sealed record WebhookDeliveryPage
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<WebhookDelivery> Deliveries { get; init; }

    /// <summary>Fetches the next page, as `pageToken`; absent when this is the last one.</summary>
    public string? NextPageToken { get; init; }
}

/// <summary>One time that a message was sent.</summary>
public sealed record WebhookAttempt
{
    /// <summary>When it began: RFC 3339, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>How long the exchange took, in milliseconds.</summary>
    public required long DurationMs { get; init; }

    /// <summary>The HTTP status; absent when there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>Why it failed, for people; absent when it has not.</summary>
    public string? Error { get; init; }

    /// <summary>The beginning of the answer's body, as text, at most 4 KiB; absent when it had none.</summary>
    public string? ResponseBody { get; init; }
}

/// <summary>A delivery with what it sends.</summary>
public sealed record WebhookDeliveryDetails
{
    /// <summary>The delivery.</summary>
    public required WebhookDelivery Delivery { get; init; }

    /// <summary>The body that is sent, byte for byte: a CloudEvent 1.0 in JSON.</summary>
    public required string Payload { get; init; }

    /// <summary>The latest attempts, at most 20, newest first.</summary>
    public required IReadOnlyList<WebhookAttempt> Attempts { get; init; }
}

/// <summary>What is sent again.</summary>
public sealed record ReplayedWebhooks
{
    /// <summary>How many deliveries: at most 1,000 at a time.</summary>
    public required int Count { get; init; }

    /// <summary>Where to go on from, as `after`, when there are more; absent otherwise.</summary>
    public string? Next { get; init; }
}

/// <summary>What was pending and counts as delivered now.</summary>
public sealed record ConfirmedWebhooks
{
    /// <summary>How many deliveries: at most 1,000 at a time. Ask again when it is that many.</summary>
    public required int Count { get; init; }
}
