using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Gateway.V1;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Streaming.Calls;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Answers the overviews of a call stream. Each is a batch of its own (see the registration): so each has a token of its own, which
/// ends its parts when its caller cancels it, and none waits for another.
/// </summary>
internal sealed class LookupOverviews(OverviewAggregator overviews, IRequestLimits limits, IOptions<GatewayOptions> options, TimeProvider time)
    : ICallBatchHandler<LookupOverviewsCall, LookupOverviewsResult>
{
    public async ValueTask HandleAsync(CallBatch<LookupOverviewsCall, LookupOverviewsResult> batch, CancellationToken cancellationToken)
    {
        var http = batch.Context.GetHttpContext();
        var asker = Asker.Of(http);
        var hold = (QuotaHold)batch.Context.UserState[typeof(QuotaHold)];
        await Task.WhenAll(batch.Select(async call =>
        {
            if (await limits.RefusalAsync(http, (Principal)http.User) is { } refusal)
            {
                call.Fail(refusal);
                return;
            }

            var (answer, bytes) = await AnswerAsync(call.Message, asker, cancellationToken);
            // Their number is bounded by the credit of the stream.
            if (bytes <= AnswerBudget.SmallAnswer)
                call.Answer(answer);
            else if (!hold.TryTake(bytes))
                call.Fail(GatewayErrors.TooMuchUnread());
            else
                await AnswerAsync(batch, call, answer, hold, bytes);
        }));
    }

    // What is held is given back when the answer is written; what the caller leaves unread, with the stream. Until then a worker of the
    // stream waits, of which there is one for each call that the credit allows: a caller that does not read delays nobody else.
    private static async Task AnswerAsync(
        CallBatch<LookupOverviewsCall, LookupOverviewsResult> batch, BatchedCall<LookupOverviewsCall, LookupOverviewsResult> call,
        LookupOverviewsResult answer, QuotaHold hold, int bytes)
    {
        try
        {
            if (call.Answer(answer))
                await batch.WaitForWrittenAsync(CancellationToken.None);
        }
        finally
        {
            hold.GiveBack(bytes);
        }
    }

    private async Task<(LookupOverviewsResult Answer, int Bytes)> AnswerAsync(LookupOverviewsCall call, Asker asker, CancellationToken cancellationToken)
    {
        var callDeadline = call.TimeoutMs == 0 ? DateTime.MaxValue : time.GetUtcNow().UtcDateTime.AddMilliseconds(call.TimeoutMs);
        var query = OverviewQuery.From(call.Overview ?? new GetOverviewRequest());
        var result = await overviews.GetAsync(query, asker, options.Value.Deadline(time, callDeadline), cancellationToken);
        return result.Failure is { } failure
            ? (new LookupOverviewsResult { Error = failure }, 0)
            : (new LookupOverviewsResult { Overview = result.ToMessage() }, result.Bytes);
    }
}
