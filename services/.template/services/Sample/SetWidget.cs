using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Sample;

/// <summary>Sets what a widget is called, once for each idempotency key.</summary>
internal sealed class SetWidget(Database<SampleDbContext> database, TimeProvider time)
{
    // As it is stored with every key: never to be changed.
    private const string Command = "SetWidget";

    /// <summary>What is set before the process is ready and taken back (<see cref="Rehearsal{TContext}"/>).</summary>
    public static V1.SetWidgetRequest Rehearsed()
    {
        var id = Guid.NewGuid().ToString();
        return new() { WidgetId = id, Label = "rehearsal", IdempotencyKey = id };
    }

    public async Task<V1.SetWidgetResponse> HandleAsync(V1.SetWidgetRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("widget_id", request.WidgetId);
        violations.CheckLabel("label", request.Label);
        violations.CheckIdempotencyKey("idempotency_key", request.IdempotencyKey);
        violations.ThrowIfAny(WidgetErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var withoutKey = new V1.SetWidgetRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(Command, rights.Caller, request.IdempotencyKey, withoutKey,
            sample => SetAsync(sample, request, now, cancellationToken), now, cancellationToken);

        if (outcome == IdempotencyOutcome.KeyReused)
            throw new StatusException(WidgetErrors.Domain.KeyReused());
        response.Replayed = outcome == IdempotencyOutcome.Replayed;
        return response;
    }

    private static async Task<V1.SetWidgetResponse> SetAsync(SampleDbContext sample, V1.SetWidgetRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var widget = await sample.Widgets.FirstOrDefaultAsync(row => row.WidgetId == request.WidgetId, cancellationToken)
            ?? sample.Widgets.Add(new Widget { WidgetId = request.WidgetId, Partition = KeyedTopics.PartitionOf(request.WidgetId) }).Entity;
        widget.Label = request.Label;
        widget.Version++;
        widget.UpdateTime = now;

        var message = widget.ToMessage();
        sample.Publish(message);
        return new V1.SetWidgetResponse { Widget = message };
    }
}
