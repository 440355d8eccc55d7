using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>The endpoint to be created.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateWebhookEndpoint
{
    /// <summary>The user whose events it gets; `@everyone` for every user's, which only operators may have.</summary>
    [Required]
    public string? OwnerId { get; init; }

    /// <summary>Where messages go: an https address of at most 2,048 characters, with a full domain name or a public IP address, and port 443 or one from 1024.</summary>
    [Required]
    public string? Url { get; init; }

    /// <summary>What it is for, for people: at most 200 characters. Empty when absent.</summary>
    public string? Description { get; init; }

    /// <summary>
    /// Which events it gets, each once: `order.placed`, `order.advanced`, `order.cancelled`, `user.created`, `user.updated`, `notification.created`, `notification.read`, `webhook.received`. All when
    /// absent or empty.
    /// </summary>
    public IReadOnlyList<string?>? EventTypes { get; init; }

    /// <summary>
    /// Whether messages about the same thing come in the order in which it happened: one that fails then holds up those after it about the same thing. False when absent.
    /// </summary>
    public bool? Ordered { get; init; }
}

/// <summary>What to change of an endpoint: the version, and one or more of the others.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record UpdateWebhookEndpoint
{
    /// <summary>The version that the change is based on, as last read.</summary>
    [Required]
    public long? Version { get; init; }

    /// <summary>Where messages go from now on; unchanged when absent.</summary>
    public string? Url { get; init; }

    /// <summary>What it is for; unchanged when absent.</summary>
    public string? Description { get; init; }

    /// <summary>Which events it gets from now on, empty for all; unchanged when absent.</summary>
    public IReadOnlyList<string?>? EventTypes { get; init; }

    /// <summary>Whether the order is kept; unchanged when absent.</summary>
    public bool? Ordered { get; init; }

    /// <summary>Whether messages are sent; unchanged when absent. To enable an endpoint sends what waits for it.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>How long the old secrets are good.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RotateWebhookSecret
{
    /// <summary>For how many seconds the secrets that sign now still do, beside the new one: 0 to 604,800 (7 days). 86,400 (1 day) when absent.</summary>
    public int? OverlapSeconds { get; init; }
}

/// <summary>What to send again: `deliveryIds` or `after`, not both.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ReplayWebhooks
{
    /// <summary>The deliveries, at most 500, each once.</summary>
    public IReadOnlyList<string?>? DeliveryIds { get; init; }

    /// <summary>A `webhook-cursor`, or the id of an event of the endpoint: all that was created after it.</summary>
    public string? After { get; init; }

    /// <summary>With `after`: up to this `webhook-cursor`; to the newest when absent.</summary>
    public string? Until { get; init; }
}

/// <summary>What the receiver has.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ConfirmWebhooks
{
    /// <summary>A `webhook-cursor`, or the id of an event of the endpoint: the receiver has everything up to there.</summary>
    [Required]
    public string? Cursor { get; init; }
}
