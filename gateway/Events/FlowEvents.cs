using System.Text.Json;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Streaming.Events;
using JobsV1 = Microservices.Jobs.V1;

namespace Microservices.Gateway.Events;

/// <summary>What becomes of a flow, as events. A singleton; thread-safe.</summary>
internal sealed class FlowEvents(JobsV1.FlowsService.FlowsServiceClient flows, EventStreamClient<JobsV1.FlowEvent> changes)
{
    /// <summary>The events of a flow that the caller may see.</summary>
    /// <param name="http">The request.</param>
    /// <param name="flowId">Whose they are.</param>
    /// <param name="field">What the request calls the place to go on from.</param>
    /// <exception cref="RpcException">There is no such flow, or it is another user's.</exception>
    public async Task<FollowedEvents> FindAsync(HttpContext http, string flowId, string field)
    {
        var flow = (await flows.GetFlowAsync(new JobsV1.GetFlowRequest { FlowId = flowId }, http.CallOptions())).Flow;
        return OwnedEvents.Of(http, changes, flow.OwnerId, "flows", field, untilNow: false, (told, cause) => told.Flow.FlowId == flow.FlowId
            ? new MergedEvent("flow", cause, json => JsonSerializer.Serialize(json, told.ToJson(cause), GatewayJson.Default.FlowEvent))
            : null);
    }
}
