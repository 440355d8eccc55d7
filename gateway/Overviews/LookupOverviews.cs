using Microservices.Gateway.Errors;
using Microservices.Gateway.V1;
using Microservices.Streaming.Calls;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Answers the overviews of a call stream. Each is a batch of its own (see the registration): so each has a token of its own, which
/// ends its parts when its caller cancels it, and none waits for another.
/// </summary>
internal sealed class LookupOverviews(OverviewAggregator overviews, IOptions<GatewayOptions> options, TimeProvider time)
    : ICallBatchHandler<LookupOverviewsCall, LookupOverviewsResult>
{
    public async ValueTask HandleAsync(CallBatch<LookupOverviewsCall, LookupOverviewsResult> batch, CancellationToken cancellationToken) =>
        await Task.WhenAll(batch.Select(async call => call.Answer(await AnswerAsync(call.Message, cancellationToken))));

    private async Task<LookupOverviewsResult> AnswerAsync(LookupOverviewsCall call, CancellationToken cancellationToken)
    {
        try
        {
            var callDeadline = call.TimeoutMs == 0 ? DateTime.MaxValue : time.GetUtcNow().UtcDateTime.AddMilliseconds(call.TimeoutMs);
            var query = OverviewQuery.From(call.Overview ?? new GetOverviewRequest());
            var result = await overviews.GetAsync(query, options.Value.Deadline(time, callDeadline), cancellationToken);
            return result.Failure is { } failure
                ? new LookupOverviewsResult { Error = failure }
                : new LookupOverviewsResult { Overview = result.ToMessage() };
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new LookupOverviewsResult { Error = GatewayErrors.ToStatus(exception) };
        }
    }
}
