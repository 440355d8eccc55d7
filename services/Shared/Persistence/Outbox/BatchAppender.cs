using System.Diagnostics;
using Microservices.EventLog;
using Microservices.Primitives;
using Microsoft.Extensions.Logging;

namespace Microservices.Persistence;

/// <summary>
/// Appends what waits to the log and acts on its answers: moves marks, repairs topics whose log ends elsewhere, and sets aside events
/// that the log refuses. Not thread-safe.
/// </summary>
internal sealed partial class BatchAppender<TContext>(
    OutboxStore<TContext> store, IEventAppender log, OutboxRepair<TContext> repair, OutboxMetrics metrics, TimeProvider time, ILogger<BatchAppender<TContext>> logger)
    where TContext : ServiceDbContext
{
    private static readonly ActivitySource Spans = new("Microservices.Persistence");

    /// <summary>Appends; gives the topics that the log did not answer for.</summary>
    public async Task<IReadOnlyList<OutboxTopic>> AppendAsync(IReadOnlyList<OutboxBacklog> waiting, CancellationToken cancellationToken)
    {
        var events = waiting.SelectMany(w => w.Events.Select(e =>
            NewEvent.Durable(e.Topic, w.Topic.Epoch, e.Offset, e.Payload, e.Key) with { TraceContext = e.TraceContext })).ToList();
        using var span = Spans.StartCaused(ActivityKind.Producer, "send", ServiceOf(waiting[0].Topic.Topic), events.Select(e => e.TraceContext));
        var batch = RelayedBatch.Of(waiting, await log.AppendAsync(events, cancellationToken));

        await store.MoveAsync(batch.Marks, cancellationToken);
        Measure(batch);
        if (batch.Gaps.Count + batch.Conflicts.Count > 0)
        {
            LogRefused(batch.Gaps.Count, batch.Conflicts.Count, batch.Gaps.Keys.Concat(batch.Conflicts.Keys).First());
            await repair.RepairAsync(batch.Gaps, conflict: false, cancellationToken);
            await repair.RepairAsync(batch.Conflicts, conflict: true, cancellationToken);
        }

        foreach (var (backlog, index, reason) in batch.Refused)
            await SetAsideAsync(backlog, index, reason, cancellationToken);
        return batch.Unanswered;
    }

    // What all topics of a service begin with.
    private static string ServiceOf(string topic) => topic[..Math.Max(0, topic.IndexOf('/', StringComparison.Ordinal))];

    private void Measure(RelayedBatch batch)
    {
        var (refilled, relayed, oldest) = (0, 0, long.MaxValue);
        foreach (var e in batch.InLog)
        {
            if (repair.IsRefill(e))
                refilled++;
            else
                (relayed, oldest) = (relayed + 1, Math.Min(oldest, e.CreatedAtMs));
        }

        if (relayed > 0)
            metrics.Relayed(relayed, time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(oldest));
        if (refilled > 0)
            metrics.Refilled(refilled);
    }

    /// <summary>
    /// The first event that was refused leaves one without content in its place. When that is refused, too, it is for its topic, and so are
    /// all that follow it.
    /// </summary>
    private async Task SetAsideAsync(OutboxBacklog backlog, int index, string reason, CancellationToken cancellationToken)
    {
        IReadOnlyList<OutboxEvent> events = backlog.Events[index].Payload.Length > 0 ? [backlog.Events[index]] : [.. backlog.Events.Skip(index)];
        await store.SetAsideAsync(backlog.Topic, events, reason, time.GetUtcNow().ToUnixTimeMilliseconds(), cancellationToken);
        metrics.SetAside = await store.CountSetAsideAsync(cancellationToken);
        LogSetAside(events.Count, backlog.Topic.Topic, events[0].Offset, reason);
    }

    [LoggerMessage(LogLevel.Warning, "{Gaps} topics lack events in the log, and {Conflicts} have other events there than in the database, such as {Topic}; their events are appended again")]
    private partial void LogRefused(int gaps, int conflicts, string topic);

    [LoggerMessage(LogLevel.Error, "{Count} events of {Topic} from offset {Offset} on are set aside in OutboxQuarantine, because the log refuses them: {Reason}")]
    private partial void LogSetAside(int count, string topic, long offset, string reason);
}
