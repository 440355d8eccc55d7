using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Streaming.Events;
using Microservices.Webhooks.V1;

namespace Microservices.Gateway.Events;

/// <summary>
/// The events of an endpoint of webhooks: what is sent to it, for a receiver that lacks some, or what becomes of its deliveries, for people. The cursor in an id is as the header
/// <c>webhook-cursor</c> has it. A singleton; thread-safe.
/// </summary>
internal sealed class EndpointEvents(WebhooksService.WebhooksServiceClient webhooks, EventStreamClient<DeliveryEvent> deliveries)
{
    /// <summary>The cursor in an event's id, of which a receiver has everything; what is no id stays as it is.</summary>
    public static string CursorOf(string text) => ReaderPosition.TryParse(text, out var position) ? position.Cursor : text;

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
        return OwnedEvents.Of(http, deliveries, endpoint.OwnerId, "webhooks", field, untilNow, (change, cause) => Of(change) == endpoint.EndpointId ? select(change, cause) : null);
    }

    private static string? Of(DeliveryEvent change) => change.Delivery?.EndpointId ?? change.Endpoint?.EndpointId;
}
