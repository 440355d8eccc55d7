using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Microservices.EventLog;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Admission;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Webhooks.V1;

namespace Microservices.Gateway.Events;

/// <summary>
/// The events of an endpoint of webhooks: what is sent to it, for a receiver that lacks some, or what becomes of its deliveries, for people. An id is a cursor as the header
/// <c>webhook-cursor</c> has it, and how many of the owner's events after it have been passed on (<see cref="ReaderPosition"/>). A singleton; thread-safe.
/// </summary>
internal sealed class EndpointEvents(WebhooksService.WebhooksServiceClient webhooks, EventStreamClient<DeliveryEvent> deliveries)
{
    private static readonly string[] Sources = ["webhooks"];

    /// <summary>The cursor in an event's id, of which a receiver has everything; what is no id stays as it is.</summary>
    public static string CursorOf(string text) => ReaderPosition.TryParse(text, out var position) ? position.Cursor : text;

    /// <summary>Reads an id, or a <c>webhook-cursor</c>; false when it is neither.</summary>
    public static bool TryReadId(string text, out ReaderPosition position) => ReaderPosition.TryParse(text, out position) && Cursor.TryParse(position.Cursor, out _);

    /// <summary>A message as it is sent; null of what is none.</summary>
    public static MergedEvent? Message(DeliveryEvent change, ByteString cause) =>
        change.Kind == DeliveryEventKind.Created ? new MergedEvent("message", cause, json => json.WriteRawValue(change.Payload, skipInputValidation: true)) : null;

    /// <summary>What becomes of a delivery, or of the endpoint.</summary>
    public static MergedEvent Change(DeliveryEvent change, ByteString cause) =>
        new("delivery", cause, json => JsonSerializer.Serialize(json, change.ToJson(cause), GatewayJson.Default.WebhookDeliveryEvent));

    /// <summary>The events of an endpoint that the caller may see.</summary>
    /// <param name="http">The request.</param>
    /// <param name="endpointId">Whose they are.</param>
    /// <param name="field">What the request calls the place to go on from.</param>
    /// <param name="untilNow">They end with what there is when it is asked for.</param>
    /// <param name="select">Which, and as what.</param>
    /// <exception cref="RpcException">There is no such endpoint, or it is another user's.</exception>
    public async Task<FollowedEvents> FindAsync(HttpContext http, string endpointId, string field, bool untilNow, Func<DeliveryEvent, ByteString, MergedEvent?> select)
    {
        var endpoint = (await webhooks.GetEndpointAsync(new GetEndpointRequest { EndpointId = endpointId }, http.CallOptions())).Endpoint;
        return new FollowedEvents(endpoint.OwnerId, Sources, positions => positions[0].ToString(), (from, caller, cancellationToken) => new(
            [token => FollowAsync(http, endpoint.OwnerId, from[0], caller, field, untilNow, token)
                .SelectEvents((change, cause) => Of(change) == endpoint.EndpointId && select(change, cause) is { } wanted ? wanted : MergedEvent.OfAnother, token)],
            together: false,
            cancellationToken));
    }

    // The stream is the gateway's own, which may watch all: the endpoint that the caller was let see says whose deliveries these are.
    private async IAsyncEnumerable<ReceivedItem<DeliveryEvent>> FollowAsync(
        HttpContext http, string ownerId, ReaderPosition from, Caller caller, string field, bool untilNow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var until = untilNow ? await HeadAsync(ownerId, caller, cancellationToken) : null;
        var wanted = new Subscription { Key = ownerId, Cursor = from.Cursor ?? "" };
        await using var items = deliveries.SubscribeAsync(wanted, caller.Subscribing(), cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveAsync())
        {
            yield return items.Current;
            if (until is not null && Cursor.TryParse(items.Current.Cursor, out var reached) && reached.IsAtOrAfter(until))
                yield break;
        }

        async Task<bool> MoveAsync()
        {
            try
            {
                return await items.MoveNextAsync();
            }
            catch (RpcException refused) when (from.IsKnown && refused.StatusCode == StatusCode.InvalidArgument && !http.Response.HasStarted)
            {
                throw new InvalidRequestException(field, "is not a cursor of this endpoint's owner");
            }
        }
    }

    // Who follows from now on is told where that is.
    private async Task<Cursor?> HeadAsync(string ownerId, Caller caller, CancellationToken cancellationToken)
    {
        await foreach (var first in deliveries.SubscribeAsync(new Subscription { Key = ownerId }, caller.Subscribing(), cancellationToken))
            return Cursor.TryParse(first.Cursor, out var head) ? head : null;
        return null;
    }

    private static string? Of(DeliveryEvent change) => change.Delivery?.EndpointId ?? change.Endpoint?.EndpointId;
}
