using System.Runtime.CompilerServices;
using System.Text.Json;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using ProtoNotificationEvent = Microservices.Notifications.V1.NotificationEvent;
using ProtoOrderEvent = Microservices.Orders.V1.OrderEvent;

namespace Microservices.Gateway.Events;

/// <summary>An event of whichever source, as it goes out.</summary>
internal sealed record MergedEvent(string Name, Action<Utf8JsonWriter> Write);

/// <summary>What happens to a user's orders and notifications, merged. A singleton; thread-safe.</summary>
internal sealed class MergedUserEvents(
    EventStreamClient<ProtoOrderEvent> orders, EventStreamClient<ProtoNotificationEvent> notifications)
{
    /// <summary>The sources, in the order of their places.</summary>
    public static IReadOnlyList<string> Sources { get; } = ["orders", "notifications"];

    /// <summary>What tells the places of a user from all others.</summary>
    public static string Owner(string userId) => $"events/{userId}";

    /// <summary>
    /// Follows both from the places given. Where a place is not known, no event comes before both subscriptions stand: it could have no
    /// place of its own to resume from. A source that refuses its place is followed from now on, after a reset.
    /// </summary>
    public MergedSubscriptions<MergedEvent> Follow(string userId, EventPlace[] from, CancellationToken cancellationToken) => new(
        [
            token => FromOrAnew(cursor => orders.SubscribeAsync(new Subscription { Key = userId, Cursor = cursor }, token), from[0], token).SelectEvents(
                told => new MergedEvent("order", json => JsonSerializer.Serialize(json, told.ToJson(), GatewayJson.Default.OrderEvent)), token),
            token => FromOrAnew(cursor => notifications.SubscribeAsync(new Subscription { Key = userId, Cursor = cursor }, token), from[1], token).SelectEvents(
                told => new MergedEvent("notification", json => JsonSerializer.Serialize(json, told.ToJson(), GatewayJson.Default.NotificationEvent)), token),
        ],
        together: !from.All(place => place.Known),
        cancellationToken);

    // A place that is good by its checksum and that the service refuses all the same is one of another version: asking for it again, as a
    // browser does for ever, does not help.
    private static async IAsyncEnumerable<ReceivedItem<TEvent>> FromOrAnew<TEvent>(
        Func<string, IAsyncEnumerable<ReceivedItem<TEvent>>> subscribe, EventPlace from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var begun = from.Known;
        await using (var items = subscribe(from.Cursor ?? "").GetAsyncEnumerator(cancellationToken))
        {
            while (true)
            {
                try
                {
                    if (!await items.MoveNextAsync())
                        yield break;
                }
                catch (RpcException refused) when (begun && refused.StatusCode == StatusCode.InvalidArgument)
                {
                    break;
                }

                begun = true;
                yield return items.Current;
            }
        }

        var reset = false;
        await foreach (var item in subscribe("").WithCancellation(cancellationToken))
        {
            yield return item;
            if (reset || item is not ReceivedSubscribed<TEvent>)
                continue;
            reset = true;
            yield return new ReceivedReset<TEvent>(EventResetReason.Unspecified, item.Cursor);
        }
    }
}
