using Grpc.Core;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Streaming.Calls;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Sample;

/// <summary>
/// Answers the lookups that arrived together with two queries at the most: which widgets have changed since the caller saw them, and those
/// that have. How many widgets a process reads for lookups at a time is bounded, and streams take turns.
/// </summary>
internal sealed class LookupWidgets(Database<SampleDbContext> database, KeyETags<SampleDbContext> state, LookupGate gate)
    : ICallBatchHandler<V1.LookupWidgetsCall, V1.LookupWidgetsResult>
{
    /// <summary>How many widgets a process reads for lookups at a time.</summary>
    public const int MaxWidgets = 1_000;

    public async ValueTask HandleAsync(CallBatch<V1.LookupWidgetsCall, V1.LookupWidgetsResult> batch, CancellationToken cancellationToken)
    {
        var etags = await state.ReadAsync(batch, cancellationToken);
        var changed = batch.Select(call => call.Message)
            .Where(call => FieldViolations.IsId(call.WidgetId) && !etags.Of(call).IsUnchanged)
            .Select(call => call.WidgetId)
            .ToHashSet();
        var found = changed.Count == 0 ? [] : await FindAsync(batch.Context, changed, cancellationToken);
        batch.AnswerEach(call =>
        {
            var etag = etags.Of(call);
            return etag.IsUnchanged ? new V1.LookupWidgetsResult { Unchanged = true, Etag = etag.Value }
                : found.TryGetValue(call.WidgetId, out var widget) ? new V1.LookupWidgetsResult { Widget = widget, Etag = etag.Value }
                : new V1.LookupWidgetsResult { Error = Missing(call.WidgetId) };
        });
    }

    private async Task<Dictionary<string, V1.Widget>> FindAsync(ServerCallContext stream, HashSet<string> widgetIds, CancellationToken cancellationToken)
    {
        using var turn = await gate.EnterAsync(stream, widgetIds.Count, cancellationToken);
        var found = await database.ReadAsync(sample => sample.Widgets.Where(row => widgetIds.Contains(row.WidgetId)).ToListAsync(cancellationToken), cancellationToken);
        return found.ToDictionary(row => row.WidgetId, row => row.ToMessage());
    }

    private static Google.Rpc.Status Missing(string widgetId)
    {
        var violations = new FieldViolations();
        violations.CheckId("widget_id", widgetId);
        return violations.Any ? WidgetErrors.Domain.Invalid(violations) : WidgetErrors.NotFound(widgetId);
    }
}
