using System.Text.Json;
using Microservices.Gateway.Rest;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using ProtoNotificationEvent = Microservices.Notifications.V1.NotificationEvent;
using ProtoOrderEvent = Microservices.Orders.V1.OrderEvent;

namespace Microservices.Gateway.Events;

/// <summary>An event of whichever source, as it goes out.</summary>
internal sealed record FeedEvent(string Name, Action<Utf8JsonWriter> Write);

/// <summary>What happens to a user's orders and notifications, merged. A singleton; thread-safe.</summary>
internal sealed class UserFeed(
    EventStreamClient<WatchOrdersSubscription, ProtoOrderEvent> orders, EventStreamClient<WatchNotificationsSubscription, ProtoNotificationEvent> notifications)
{
    /// <summary>The sources, in the order of their places.</summary>
    public static IReadOnlyList<string> Sources { get; } = ["orders", "notifications"];

    /// <summary>
    /// Follows both from the places given. Where a place is not known, no event comes before both subscriptions stand: it could have no
    /// place of its own to resume from.
    /// </summary>
    public MergedSubscriptions<FeedEvent> Follow(string userId, EventPlace[] from, CancellationToken cancellationToken) => new(
        [
            token => orders.SubscribeAsync(new WatchOrdersSubscription { UserId = userId, Cursor = from[0].Cursor ?? "" }, token).SelectEvents(
                told => new FeedEvent("order", json => JsonSerializer.Serialize(json, told.ToJson(), GatewayJson.Default.OrderEvent)), token),
            token => notifications.SubscribeAsync(new WatchNotificationsSubscription { UserId = userId, Cursor = from[1].Cursor ?? "" }, token).SelectEvents(
                told => new FeedEvent("notification", json => JsonSerializer.Serialize(json, told.ToJson(), GatewayJson.Default.NotificationEvent)), token),
        ],
        together: !from.All(place => place.Known),
        cancellationToken);
}
