using Grpc.Core;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Hosting.Errors;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway;

/// <summary>The gRPC surface.</summary>
internal sealed class GatewayGrpcService(OverviewAggregator overviews, OverviewCalls calls, IOptions<GatewayOptions> options, TimeProvider time)
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
        calls.ServeAsync(requestStream, responseStream, context);
}
