using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Streaming.Events;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>The gRPC surface of Webhooks.</summary>
internal sealed class WebhooksService(
    CreateEndpoint create, ReadEndpoints readEndpoints, ChangeEndpoint change, ReadDeliveries read, ChangeDeliveries deliveries, EventStreamServer<WatchDeliveriesRequest> watch, Drain drain)
    : V1.WebhooksService.WebhooksServiceBase
{
    public override Task<CreateEndpointResponse> CreateEndpoint(CreateEndpointRequest request, ServerCallContext context) =>
        create.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override async Task<GetEndpointResponse> GetEndpoint(GetEndpointRequest request, ServerCallContext context) =>
        new() { Endpoint = await readEndpoints.GetAsync(request.EndpointId, Rights.Of(context), context.CancellationToken) };

    public override Task<ListEndpointsResponse> ListEndpoints(ListEndpointsRequest request, ServerCallContext context) =>
        readEndpoints.ListAsync(request.OwnerId, context.CancellationToken);

    public override Task<UpdateEndpointResponse> UpdateEndpoint(UpdateEndpointRequest request, ServerCallContext context) =>
        change.UpdateAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<DeleteEndpointResponse> DeleteEndpoint(DeleteEndpointRequest request, ServerCallContext context) =>
        change.DeleteAsync(request.EndpointId, Rights.Of(context), context.CancellationToken);

    public override Task<RotateSecretResponse> RotateSecret(RotateSecretRequest request, ServerCallContext context) =>
        change.RotateAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<PingEndpointResponse> PingEndpoint(PingEndpointRequest request, ServerCallContext context) =>
        deliveries.PingAsync(request.EndpointId, Rights.Of(context), context.CancellationToken);

    public override Task<ListDeliveriesResponse> ListDeliveries(ListDeliveriesRequest request, ServerCallContext context) =>
        read.ListAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<GetDeliveryResponse> GetDelivery(GetDeliveryRequest request, ServerCallContext context) =>
        read.GetAsync(request.DeliveryId, Rights.Of(context), context.CancellationToken);

    public override Task<ReplayDeliveriesResponse> ReplayDeliveries(ReplayDeliveriesRequest request, ServerCallContext context) =>
        deliveries.ReplayAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<ConfirmDeliveriesResponse> ConfirmDeliveries(ConfirmDeliveriesRequest request, ServerCallContext context) =>
        deliveries.ConfirmAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task WatchDeliveries(
        IAsyncStreamReader<WatchDeliveriesRequest> requestStream, IServerStreamWriter<WatchDeliveriesResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);
}
