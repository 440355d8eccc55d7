using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Topics;

namespace Microservices.Orders;

/// <summary>
/// Answers the lookups that arrived together with two queries: whose orders have changed since the caller saw them, and the orders of those. Where
/// that is more orders than one query is to read, with several, the cheapest lookups first; large answers are made as they are read. How many orders
/// a process reads for lookups at a time is bounded, and streams take turns.
/// </summary>
internal sealed class LookupOrders(LatestOrders latest, KeyETags<OrdersDbContext> state, LookupGate gate) : ICallBatchHandler<LookupOrdersCall, LookupOrdersResult>
{
    private const int DefaultLimit = 10;
    private const int MaxLimit = 100;
    private static readonly V1.LatestOrders None = new();

    public async ValueTask HandleAsync(CallBatch<LookupOrdersCall, LookupOrdersResult> batch, CancellationToken cancellationToken)
    {
        batch.RefuseOthers(call => call.UserId, Rights.NotYours);
        var etags = await state.ReadAsync(batch, cancellationToken);
        var changed = new Dictionary<string, int>();
        foreach (var call in batch.Where(call => !call.IsAnswered).Select(call => call.Message).Where(call => IsValid(call) && !etags.Of(call).IsUnchanged))
            changed[call.UserId] = Math.Max(changed.GetValueOrDefault(call.UserId), LimitOf(call));

        if (changed.Count == 0)
            Answer(batch, etags, [], []);
        foreach (var users in LookupParts.Split(changed))
        {
            var bytes = await AnswerAsync(batch, etags, users, cancellationToken);
            if (bytes > LookupParts.MaxUnwrittenBytes)
                await batch.WaitForWrittenAsync(cancellationToken);
        }
    }

    private async Task<long> AnswerAsync(
        CallBatch<LookupOrdersCall, LookupOrdersResult> batch, BatchETags etags, Dictionary<string, int> users, CancellationToken cancellationToken)
    {
        using var turn = await gate.EnterAsync(batch.Context, users.Values.Sum(), cancellationToken);
        var found = await latest.FindAsync(users.Keys, users.Values.Max(), cancellationToken);
        Answer(batch, etags, users, found);
        return found.Values.Sum(user => user.Bytes);
    }

    /// <summary>Answers the calls about these users, and those that need no query.</summary>
    private static void Answer(
        CallBatch<LookupOrdersCall, LookupOrdersResult> batch, BatchETags etags, Dictionary<string, int> users, Dictionary<string, FoundOrders> found) =>
        batch.AnswerEach(call =>
        {
            if (!IsValid(call))
                return new LookupOrdersResult { Error = ErrorOf(call) };
            var etag = etags.Of(call);
            return etag.IsUnchanged ? new LookupOrdersResult { Unchanged = true, Etag = etag.Value }
                : users.ContainsKey(call.UserId) ? new LookupOrdersResult { Latest = Take(found.GetValueOrDefault(call.UserId), LimitOf(call)), Etag = etag.Value }
                : null;
        });

    private static V1.LatestOrders Take(FoundOrders? found, int limit)
    {
        if (found is null)
            return None;
        var taken = new V1.LatestOrders { Truncated = found.Truncated && found.Orders.Count < limit };
        taken.Orders.AddRange(found.Orders.Count <= limit ? found.Orders : found.Orders.Take(limit));
        return taken;
    }

    private static int LimitOf(LookupOrdersCall call) => call.Limit == 0 ? DefaultLimit : Math.Min(call.Limit, MaxLimit);

    private static bool IsValid(LookupOrdersCall call) => FieldViolations.IsId(call.UserId) && call.Limit >= 0;

    private static Google.Rpc.Status ErrorOf(LookupOrdersCall call)
    {
        var violations = new FieldViolations();
        violations.CheckId("user_id", call.UserId);
        if (call.Limit < 0)
            violations.Add("limit", "must not be negative");
        return OrderErrors.Domain.Invalid(violations);
    }
}
