using Grpc.Core;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Hosting;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microservices.Streaming.Calls;
using Microservices.Streaming.Events;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway;

/// <summary>The gRPC surface.</summary>
internal sealed class GatewayGrpcService(
    OverviewAggregator overviews,
    AnswerBudget unread,
    CallStreamServer<LookupOverviewsCall, LookupOverviewsResult> lookups,
    EventStreamServer<WatchOverviewRequest> watch,
    Drain drain,
    IOptions<GatewayOptions> options,
    TimeProvider time)
    : GatewayService.GatewayServiceBase
{
    public override async Task<GetOverviewResponse> GetOverview(GetOverviewRequest request, ServerCallContext context)
    {
        var deadline = options.Value.Deadline(time, context.Deadline);
        var result = await overviews.GetAsync(OverviewQuery.From(request), Asker.Of(context.GetHttpContext()), deadline, context.CancellationToken);
        if (result.Failure is { } failure)
            throw new StatusException(failure);
        return new GetOverviewResponse { Overview = result.ToMessage() };
    }

    public override async Task LookupOverviews(
        IAsyncStreamReader<LookupOverviewsRequest> requestStream, IServerStreamWriter<LookupOverviewsResponse> responseStream, ServerCallContext context)
    {
        using var hold = unread.BeginStream(context.GetHttpContext());
        context.UserState[typeof(QuotaHold)] = hold;
        await lookups.ServeAsync(requestStream, responseStream, context, drain.Token);
    }

    public override Task WatchOverview(
        IAsyncStreamReader<WatchOverviewRequest> requestStream, IServerStreamWriter<WatchOverviewResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);
}
