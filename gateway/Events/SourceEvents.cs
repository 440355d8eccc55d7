using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Streaming.Events;
using Microservices.Webhooks.V1;

namespace Microservices.Gateway.Events;

/// <summary>What a source of webhooks receives, as events. A singleton; thread-safe.</summary>
internal sealed class SourceEvents(SourcesService.SourcesServiceClient sources, EventStreamClient<ReceivedEvent> received)
{
    /// <summary>The events of a source that the caller may see.</summary>
    /// <param name="http">The request.</param>
    /// <param name="sourceId">Whose they are.</param>
    /// <param name="field">What the request calls the place to go on from.</param>
    /// <param name="untilNow">They end with what there is when it is asked for.</param>
    /// <exception cref="RpcException">There is no such source, or it is another user's.</exception>
    public async Task<FollowedEvents> FindAsync(HttpContext http, string sourceId, string field, bool untilNow)
    {
        var source = (await sources.GetSourceAsync(new GetSourceRequest { SourceId = sourceId }, http.CallOptions())).Source;
        return OwnedEvents.Of(http, received, source.OwnerId, "webhooks", field, untilNow, (told, cause) => Select(source.SourceId, told.Received, cause));
    }

    private static MergedEvent? Select(string sourceId, ReceivedMessage message, ByteString cause) => message.SourceId == sourceId
        ? new MergedEvent("received", cause, json => JsonSerializer.Serialize(json, message.ToJson(), GatewayJson.Default.ReceivedWebhook))
        : null;
}
