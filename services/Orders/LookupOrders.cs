using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Topics;

namespace Microservices.Orders;

/// <summary>
/// Answers the lookups that arrived together with two queries at the most: whose orders have changed since the caller saw them, and the
/// orders of those.
/// </summary>
internal sealed class LookupOrders(LatestOrders latest, UserETags<OrdersDbContext> state) : ICallBatchHandler<LookupOrdersCall, LookupOrdersResult>
{
    private const int DefaultLimit = 10;
    private const int MaxLimit = 100;
    private static readonly V1.LatestOrders None = new();

    public async ValueTask HandleAsync(CallBatch<LookupOrdersCall, LookupOrdersResult> batch, CancellationToken cancellationToken)
    {
        try
        {
            var etags = await state.ReadAsync(batch, cancellationToken);
            var changed = new Dictionary<string, int>();
            foreach (var call in batch.Select(call => call.Message).Where(call => IsSound(call) && !etags.IsUnchanged(call)))
                changed[call.UserId] = Math.Max(changed.GetValueOrDefault(call.UserId), LimitOf(call));

            var found = changed.Count == 0 ? [] : await latest.FindAsync(changed.Keys, changed.Values.Max(), cancellationToken);
            batch.AnswerEach(call =>
                !IsSound(call) ? new LookupOrdersResult { Error = WrongWith(call) }
                : etags.IsUnchanged(call) ? new LookupOrdersResult { Unchanged = true, Etag = call.KnownEtag }
                : new LookupOrdersResult { Latest = Take(found.GetValueOrDefault(call.UserId), LimitOf(call)), Etag = etags.Of(call) });
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw ErrorMapping.ToStatus(exception).ToRpcException();
        }
    }

    private static V1.LatestOrders Take(FoundOrders? found, int limit)
    {
        if (found is null)
            return None;
        var taken = new V1.LatestOrders { Truncated = found.Truncated && found.Orders.Count < limit };
        taken.Orders.AddRange(found.Orders.Count <= limit ? found.Orders : found.Orders.Take(limit));
        return taken;
    }

    private static int LimitOf(LookupOrdersCall call) => call.Limit == 0 ? DefaultLimit : Math.Min(call.Limit, MaxLimit);

    private static bool IsSound(LookupOrdersCall call) => FieldViolations.IsId(call.UserId) && call.Limit >= 0;

    private static Google.Rpc.Status WrongWith(LookupOrdersCall call)
    {
        var violations = new FieldViolations();
        violations.CheckId("user_id", call.UserId);
        if (call.Limit < 0)
            violations.Add("limit", "must not be negative");
        return OrderErrors.Domain.Invalid(violations);
    }
}
