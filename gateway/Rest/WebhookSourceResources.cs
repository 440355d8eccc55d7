using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>How the sender of a source signs.</summary>
[JsonConverter(typeof(WebhookSourceKindConverter))]
public enum WebhookSourceKind
{
    /// <summary>A kind that this gateway does not know yet; not to be asked for.</summary>
    Unknown,

    /// <summary>As Standard Webhooks has it.</summary>
    Standard,

    /// <summary>As GitHub does.</summary>
    Github,

    /// <summary>As Stripe does.</summary>
    Stripe,
}

/// <summary>The source to be created.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateWebhookSource
{
    /// <summary>The user whose it is.</summary>
    [Required]
    public string? OwnerId { get; init; }

    /// <summary>How the sender signs.</summary>
    [Required]
    public WebhookSourceKind? Kind { get; init; }

    /// <summary>What it is for, for people: at most 200 characters. Empty when absent.</summary>
    public string? Description { get; init; }

    /// <summary>
    /// The secret, where the sender has made it: of `standard`, `whsec_` and base64 of 24 to 64 bytes, and of others 24 to 256 printable ASCII characters. When absent one is made; but of `stripe`, which makes it itself, the
    /// source has none then and takes nothing until it is given one.
    /// </summary>
    public string? Secret { get; init; }
}

/// <summary>The new secret, and how long the old ones are good.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RotateWebhookSourceSecret
{
    /// <summary>The secret, where the sender has made it, as when the source is created; one is made when it is absent. Required of `stripe`.</summary>
    public string? Secret { get; init; }

    /// <summary>For how many seconds the secrets that are good now still are, beside the new one: 0 to 604,800 (7 days). 86,400 (1 day) when absent.</summary>
    public int? OverlapSeconds { get; init; }
}

/// <summary>Somebody who sends webhooks, and the address where they come in.</summary>
public sealed record WebhookSource
{
    /// <summary>Identifies the source for good.</summary>
    public required string SourceId { get; init; }

    /// <summary>Where the sender POSTs to, at the gateway's address.</summary>
    public required string Path { get; init; }

    /// <summary>The user whose it is.</summary>
    public required string OwnerId { get; init; }

    /// <summary>How the sender signs.</summary>
    public required WebhookSourceKind Kind { get; init; }

    /// <summary>What it is for, for people; may be empty.</summary>
    public required string Description { get; init; }

    /// <summary>The secrets that are good now, newest first, without their values; none: nothing is taken.</summary>
    public required IReadOnlyList<WebhookSecret> Secrets { get; init; }

    /// <summary>When it was created: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }
}

/// <summary>The sources of an owner.</summary>
public sealed record WebhookSourceList
{
    /// <summary>All of them, oldest first.</summary>
    public required IReadOnlyList<WebhookSource> Sources { get; init; }
}

/// <summary>A source, and its secret if it was made now.</summary>
public sealed record WebhookSourceWithSecret
{
    /// <summary>The source.</summary>
    public required WebhookSource Source { get; init; }

    /// <summary>What the sender signs with. Shown once; absent when it was given, and in the answer to a repeat.</summary>
    public string? Secret { get; init; }
}

/// <summary>What a source was sent.</summary>
public sealed record ReceivedWebhook
{
    /// <summary>Identifies it for good.</summary>
    public required string ReceivedId { get; init; }

    /// <summary>Which source has received it.</summary>
    public required string SourceId { get; init; }

    /// <summary>Whose the source is.</summary>
    public required string OwnerId { get; init; }

    /// <summary>The sender's id of it.</summary>
    public required string MessageId { get; init; }

    /// <summary>What the sender says that it tells of; absent when it does not.</summary>
    public string? EventType { get; init; }

    /// <summary>Its content type, as it came; absent when it had none.</summary>
    public string? ContentType { get; init; }

    /// <summary>How many bytes the body has.</summary>
    public required int Size { get; init; }

    /// <summary>The body, the bytes as they came, in base64; absent in a list.</summary>
    public string? Payload { get; init; }

    /// <summary>When it was received: RFC 3339, UTC.</summary>
    public required DateTime ReceiveTime { get; init; }
}

/// <summary>A page of what a source has received.</summary>
public sealed record ReceivedWebhookPage
{
    /// <summary>Newest first, without their bodies.</summary>
    public required IReadOnlyList<ReceivedWebhook> Received { get; init; }

    /// <summary>Gets the next page; absent on the last.</summary>
    public string? NextPageToken { get; init; }
}
