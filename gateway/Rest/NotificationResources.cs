using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>A page of an inbox.</summary>
public sealed record NotificationPage
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<Notification> Notifications { get; init; }

    /// <summary>How many the user has not read in all; counted up to 1,000.</summary>
    public required int UnreadCount { get; init; }

    /// <summary>Fetches the next page, as `pageToken`; absent when this is the last one.</summary>
    public string? NextPageToken { get; init; }
}

/// <summary>Notifications that were read.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MarkRead
{
    /// <summary>Their ids: 1 to 500, each once.</summary>
    [Required]
    public IReadOnlyList<string?>? NotificationIds { get; init; }
}

/// <summary>Notifications as they are now.</summary>
public sealed record NotificationList
{
    /// <summary>In the order of the request.</summary>
    public required IReadOnlyList<Notification> Notifications { get; init; }
}
