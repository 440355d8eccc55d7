using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Admission;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Users.V1;
using ProtoNotificationEvent = Microservices.Notifications.V1.NotificationEvent;
using ProtoOrderEvent = Microservices.Orders.V1.OrderEvent;

namespace Microservices.Gateway.Events;

/// <summary>An event of any source, as the stream sends it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Cause">The trace context of what has caused it; empty where that is not sampled.</param>
/// <param name="Write">Writes its data.</param>
internal sealed record MergedEvent(string Name, ByteString Cause, Action<Utf8JsonWriter> Write)
{
    /// <summary>Stands for one that is not for this client, and is not sent; it has a place like any other.</summary>
    public static MergedEvent OfAnother { get; } = new("", ByteString.Empty, _ => { });
}

/// <summary>The events of a user's orders and notifications, merged into one stream. A singleton; thread-safe.</summary>
internal sealed class MergedUserEvents(
    UsersService.UsersServiceClient users, EventStreamClient<ProtoOrderEvent> orders, EventStreamClient<ProtoNotificationEvent> notifications)
{
    /// <summary>The sources, in the order of their positions.</summary>
    public static IReadOnlyList<string> Sources { get; } = ["orders", "notifications"];

    /// <summary>What tells the positions of a user from all others.</summary>
    public static string Owner(string userId) => $"events/{userId}";

    /// <summary>The events of a user that exists.</summary>
    /// <exception cref="RpcException">The user does not exist.</exception>
    public async Task<FollowedEvents> FindAsync(HttpContext http, string userId)
    {
        // A user that does not exist is a problem now, not silence for ever.
        await users.GetUserAsync(new GetUserRequest { UserId = userId }, http.CallOptions());
        return new FollowedEvents(userId, Sources, positions => ReaderPositions.Join(Owner(userId), positions), (from, caller, cancellationToken) => Follow(userId, from, caller, cancellationToken));
    }

    /// <summary>
    /// Follows both from the given positions. Where a position is not known, no event comes before both subscriptions are confirmed: it would have
    /// no position to resume from. A source that refuses its position is followed from now on, after a reset.
    /// </summary>
    private MergedSubscriptions<MergedEvent> Follow(string userId, ReaderPosition[] from, Caller caller, CancellationToken cancellationToken) => new(
        [
            token => ResumeOrRestart(cursor => orders.SubscribeAsync(new Subscription { Key = userId, Cursor = cursor }, caller.Subscribing(), token), from[0], token).SelectEvents(
                (change, cause) => new MergedEvent("order", cause, json => JsonSerializer.Serialize(json, change.ToJson(cause), GatewayJson.Default.OrderEvent)), token),
            token => ResumeOrRestart(cursor => notifications.SubscribeAsync(new Subscription { Key = userId, Cursor = cursor }, caller.Subscribing(), token), from[1], token).SelectEvents(
                (change, cause) => new MergedEvent("notification", cause, json => JsonSerializer.Serialize(json, change.ToJson(cause), GatewayJson.Default.NotificationEvent)), token),
        ],
        together: !from.All(position => position.IsKnown),
        cancellationToken);

    // A position whose checksum is right and that the service still refuses is from another version: to ask for it again, as a browser would do
    // for ever, does not help.
    private static async IAsyncEnumerable<ReceivedItem<TEvent>> ResumeOrRestart<TEvent>(
        Func<string, IAsyncEnumerable<ReceivedItem<TEvent>>> subscribe, ReaderPosition from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var begun = from.IsKnown;
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
