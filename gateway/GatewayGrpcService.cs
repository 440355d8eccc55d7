using Grpc.Core;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Hosting;
using Microservices.Hosting.Errors;
using Microservices.Streaming.Calls;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway;

/// <summary>The gRPC surface.</summary>
internal sealed class GatewayGrpcService(
    OverviewAggregator overviews, CallStreamServer<LookupOverviewsCall, LookupOverviewsResult> lookups, Drain drain, IOptions<GatewayOptions> options, TimeProvider time)
    : GatewayService.GatewayServiceBase
{
    public override async Task<GetOverviewResponse> GetOverview(GetOverviewRequest request, ServerCallContext context)
    {
        var deadline = options.Value.Deadline(time, context.Deadline);
        var result = await overviews.GetAsync(OverviewQuery.From(request), deadline, context.CancellationToken);
        return result.Failure is { } failure
            ? throw new StatusException(failure)
            : new GetOverviewResponse { Overview = result.ToMessage() };
    }

    public override Task LookupOverviews(
        IAsyncStreamReader<LookupOverviewsRequest> requestStream, IServerStreamWriter<LookupOverviewsResponse> responseStream, ServerCallContext context) =>
        lookups.ServeAsync(requestStream, responseStream, context, drain.Token);
}
