using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>What happened to an order.</summary>
[JsonConverter(typeof(OrderEventKindConverter))]
public enum OrderEventKind
{
    /// <summary>Something that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It was placed.</summary>
    Placed,

    /// <summary>It moved one step forward, to the state it now has.</summary>
    Advanced,

    /// <summary>It was called off.</summary>
    Cancelled,
}

/// <summary>One change of one order: the data of `event: order`.</summary>
public sealed record OrderEvent
{
    /// <summary>What happened.</summary>
    public required OrderEventKind Kind { get; init; }

    /// <summary>The order as it was after the change.</summary>
    public required Order Order { get; init; }

    /// <summary>When it happened: RFC 3339, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>
    /// The trace context of what has caused the change, as in the W3C header of this name: what is made of the event can link to it. Absent when that is
    /// not sampled.
    /// </summary>
    public string? Traceparent { get; init; }
}

/// <summary>What happened to a notification.</summary>
[JsonConverter(typeof(NotificationEventKindConverter))]
public enum NotificationEventKind
{
    /// <summary>Something that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It was put into the inbox.</summary>
    Created,

    /// <summary>It was marked as read.</summary>
    Read,
}

/// <summary>One thing that a user is told.</summary>
public sealed record Notification
{
    /// <summary>Identifies the notification for good. Ids grow with time.</summary>
    public required string NotificationId { get; init; }

    /// <summary>Whose inbox it is in.</summary>
    public required string UserId { get; init; }

    /// <summary>What happened to the order.</summary>
    public required OrderEventKind Kind { get; init; }

    /// <summary>The order it is about.</summary>
    public required string OrderId { get; init; }

    /// <summary>The order's version after what happened.</summary>
    public required long OrderVersion { get; init; }

    /// <summary>The state the order then had.</summary>
    public required OrderState OrderState { get; init; }

    /// <summary>When it happened to the order: RFC 3339, UTC.</summary>
    public required DateTime EventTime { get; init; }

    /// <summary>When it was put into the inbox: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }

    /// <summary>When it was marked as read; absent when it is unread.</summary>
    public DateTime? ReadTime { get; init; }
}

/// <summary>One change of an inbox: the data of `event: notification`.</summary>
public sealed record NotificationEvent
{
    /// <summary>What happened.</summary>
    public required NotificationEventKind Kind { get; init; }

    /// <summary>The notification as it was after the change.</summary>
    public required Notification Notification { get; init; }

    /// <summary>When it happened: RFC 3339, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>
    /// The trace context of what has caused the change, as in the W3C header of this name: what is made of the event can link to it. Absent when that is
    /// not sampled.
    /// </summary>
    public string? Traceparent { get; init; }
}

/// <summary>Events may be missing, read anew: the data of `event: reset`.</summary>
public sealed record StreamReset
{
    /// <summary>Why: truncated, forked, epoch_changed, restarted, or another word.</summary>
    public required string Reason { get; init; }

    /// <summary>Whose events: orders, notifications or webhooks. Those of the others go on without a gap.</summary>
    public required string Source { get; init; }
}

/// <summary>The last event, before the gateway ends the stream in good order: the data of `event: end`.</summary>
public sealed record StreamEnd
{
    /// <summary>
    /// Why: `revoked`, the access token is not taken any more, because its session has ended or the user's roles have changed (a page asks `/bff/user`, and logs in again where that
    /// is 401); `expired`, the token has; `age`, the stream is old enough; `draining`, this process is about to stop, or an operator wants the stream elsewhere; `refused`, a service does not go on; `caught_up`, all that was asked for was sent.
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>When to connect again, with the last id, in milliseconds. Browsers do so by themselves.</summary>
    public required long ReconnectAfterMs { get; init; }
}

/// <summary>The first event: `event: ready`. Its id is the place that events follow.</summary>
public sealed record StreamReady
{
    /// <summary>After how much silence a comment comes, in milliseconds: who hears nothing for longer has lost the stream.</summary>
    public required long HeartbeatMs { get; init; }
}
