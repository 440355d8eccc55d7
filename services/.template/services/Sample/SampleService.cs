using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Streaming.Calls;
using Microservices.Streaming.Events;

namespace Microservices.Sample;

/// <summary>The gRPC surface of Sample.</summary>
internal sealed class SampleService(
    SetWidget set, CallStreamServer<V1.LookupWidgetsCall, V1.LookupWidgetsResult> lookups, EventStreamServer<V1.WatchWidgetsRequest> watch, Drain drain)
    : V1.SampleService.SampleServiceBase
{
    public override Task<V1.SetWidgetResponse> SetWidget(V1.SetWidgetRequest request, ServerCallContext context) =>
        set.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task LookupWidgets(
        IAsyncStreamReader<V1.LookupWidgetsRequest> requestStream, IServerStreamWriter<V1.LookupWidgetsResponse> responseStream, ServerCallContext context) =>
        lookups.ServeAsync(requestStream, responseStream, context, drain.Token);

    public override Task WatchWidgets(
        IAsyncStreamReader<V1.WatchWidgetsRequest> requestStream, IServerStreamWriter<V1.WatchWidgetsResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);
}
