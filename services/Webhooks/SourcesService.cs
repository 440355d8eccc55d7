using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Streaming.Events;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>The gRPC surface of webhooks that come in.</summary>
internal sealed class SourcesService(
    CreateSource create, ReadSources readSources, ChangeSource change, ReadReceived read, Receive receive, EventStreamServer<WatchReceivedRequest> watch, Drain drain)
    : V1.SourcesService.SourcesServiceBase
{
    public override Task<CreateSourceResponse> CreateSource(CreateSourceRequest request, ServerCallContext context) =>
        create.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override async Task<GetSourceResponse> GetSource(GetSourceRequest request, ServerCallContext context) =>
        new() { Source = await readSources.GetAsync(request.SourceId, Rights.Of(context), context.CancellationToken) };

    public override Task<ListSourcesResponse> ListSources(ListSourcesRequest request, ServerCallContext context) =>
        readSources.ListAsync(request.OwnerId, context.CancellationToken);

    public override Task<RotateSourceSecretResponse> RotateSourceSecret(RotateSourceSecretRequest request, ServerCallContext context) =>
        change.RotateAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<DeleteSourceResponse> DeleteSource(DeleteSourceRequest request, ServerCallContext context) =>
        change.DeleteAsync(request.SourceId, Rights.Of(context), context.CancellationToken);

    public override Task<ListReceivedResponse> ListReceived(ListReceivedRequest request, ServerCallContext context) =>
        read.ListAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<GetReceivedResponse> GetReceived(GetReceivedRequest request, ServerCallContext context) =>
        read.GetAsync(request.ReceivedId, Rights.Of(context), context.CancellationToken);

    public override Task WatchReceived(IAsyncStreamReader<WatchReceivedRequest> requestStream, IServerStreamWriter<WatchReceivedResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);

    public override Task<ReceiveResponse> Receive(ReceiveRequest request, ServerCallContext context) => receive.HandleAsync(request, context.CancellationToken);
}
