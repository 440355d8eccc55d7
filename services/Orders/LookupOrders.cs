using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;

namespace Microservices.Orders;

/// <summary>Answers the lookups that arrived together with one query.</summary>
internal sealed class LookupOrders(LatestOrders latest) : ICallBatchHandler<LookupOrdersCall, LookupOrdersResult>
{
    private const int DefaultLimit = 10;
    private const int MaxLimit = 100;
    private static readonly V1.LatestOrders None = new();

    public async ValueTask HandleAsync(CallBatch<LookupOrdersCall, LookupOrdersResult> batch, CancellationToken cancellationToken)
    {
        try
        {
            var asked = new Dictionary<string, int>();
            foreach (var call in batch.Select(call => call.Message).Where(call => Check(call) is null))
                asked[call.UserId] = Math.Max(asked.GetValueOrDefault(call.UserId), LimitOf(call));

            var found = asked.Count == 0 ? [] : await latest.FindAsync(asked.Keys, asked.Values.Max(), cancellationToken);
            batch.AnswerEach(call => Check(call) is { } error
                ? new LookupOrdersResult { Error = error }
                : new LookupOrdersResult { Latest = Take(found.GetValueOrDefault(call.UserId), LimitOf(call)) });
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw ErrorMapping.ToStatus(exception).ToRpcException();
        }
    }

    private static V1.LatestOrders Take(List<V1.Order>? orders, int limit)
    {
        if (orders is null)
            return None;
        var taken = new V1.LatestOrders();
        taken.Orders.AddRange(orders.Count <= limit ? orders : orders.Take(limit));
        return taken;
    }

    private static int LimitOf(LookupOrdersCall call) => call.Limit == 0 ? DefaultLimit : Math.Min(call.Limit, MaxLimit);

    // Null when the lookup is as it should be.
    private static Google.Rpc.Status? Check(LookupOrdersCall call)
    {
        var violations = new FieldViolations();
        violations.CheckId("user_id", call.UserId);
        if (call.Limit < 0)
            violations.Add("limit", "must not be negative");
        return violations.Any ? OrderErrors.Domain.Invalid(violations) : null;
    }
}
