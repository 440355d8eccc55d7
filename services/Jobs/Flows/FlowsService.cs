using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Jobs.V1;
using Microservices.Streaming.Events;

namespace Microservices.Jobs;

/// <summary>The gRPC surface of flows.</summary>
internal sealed class FlowsService(StartFlow start, ReadFlows read, SignalFlow signal, CancelFlow cancel, EventStreamServer<WatchFlowsRequest> watch, Drain drain)
    : V1.FlowsService.FlowsServiceBase
{
    public override Task<StartFlowResponse> StartFlow(StartFlowRequest request, ServerCallContext context) =>
        start.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<GetFlowResponse> GetFlow(GetFlowRequest request, ServerCallContext context) =>
        read.GetAsync(request.FlowId, Rights.Of(context), context.CancellationToken);

    public override Task<ListFlowsResponse> ListFlows(ListFlowsRequest request, ServerCallContext context) =>
        read.ListAsync(request, context.CancellationToken);

    public override Task<SignalFlowResponse> SignalFlow(SignalFlowRequest request, ServerCallContext context) =>
        signal.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<DecideFlowResponse> DecideFlow(DecideFlowRequest request, ServerCallContext context) =>
        signal.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override async Task<CancelFlowResponse> CancelFlow(CancelFlowRequest request, ServerCallContext context) =>
        new() { Flow = await cancel.HandleAsync(request.FlowId, Rights.Of(context), context.CancellationToken) };

    public override Task<RerunFlowResponse> RerunFlow(RerunFlowRequest request, ServerCallContext context) =>
        start.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task WatchFlows(IAsyncStreamReader<WatchFlowsRequest> requestStream, IServerStreamWriter<WatchFlowsResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);
}
