using Microservices.EventLog;
using Microservices.Persistence;

namespace Microservices.Topics;

/// <summary>Relays an outbox to the event log. Thread-safe.</summary>
public sealed class LogSink(IEventLog log) : IOutboxSink
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<OutboxAppended>> AppendAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken)
    {
        var results = await log.AppendAsync([.. entries.Select(e => NewEvent.Durable(e.Topic, e.Epoch, e.Offset, e.Payload, e.Key))], cancellationToken);
        return [.. results.Select(r => new OutboxAppended(StatusOf(r), r.LastOffset, r.Violation))];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<OutboxHead>> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        var heads = (await log.ReadHeadsAsync([.. topics.Where(TopicName.IsValid)], cancellationToken)).ToDictionary(head => head.Topic);
        return [.. topics.Select(topic => heads.TryGetValue(topic, out var head) ? new OutboxHead(head.Epoch, head.LastOffset) : new OutboxHead("", 0))];
    }

    private static OutboxStatus StatusOf(AppendResult result) => result.Status switch
    {
        AppendStatus.Gap => OutboxStatus.Gap,
        AppendStatus.Conflict => OutboxStatus.Conflict,
        AppendStatus.Unavailable => OutboxStatus.Unavailable,
        AppendStatus.Refused => OutboxStatus.Refused,
        _ => OutboxStatus.InLog,
    };
}
