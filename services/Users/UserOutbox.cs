using Microservices.EventLog;
using Microservices.Persistence;

namespace Microservices.Users;

/// <summary>Joins the outbox of Users to the event log: new events go there, and readers that are older than it are served from here.</summary>
internal sealed class UserOutbox(IEventLog log, OutboxHistory<UsersDbContext> history) : IOutboxSink, IEventHistory
{
    public async Task<IReadOnlyList<OutboxAppended>> AppendAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken)
    {
        var results = await log.AppendAsync([.. entries.Select(e => NewEvent.Durable(e.Topic, e.Epoch, e.Offset, e.Payload, e.Key))], cancellationToken);
        return [.. results.Select(r => new OutboxAppended(StatusOf(r), r.LastOffset))];
    }

    public async Task<IReadOnlyList<OutboxHead>> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
        [.. (await log.ReadHeadsAsync(topics, cancellationToken)).Select(head => new OutboxHead(head.Epoch, head.LastOffset))];

    public async ValueTask<HistoryPage?> ReadAsync(string topic, long after, int maxEvents, CancellationToken cancellationToken) =>
        await history.ReadAsync(topic, after, maxEvents, cancellationToken) is not { } page ? null : new HistoryPage(page.Epoch, page.LastOffset,
            [.. page.Events.Select(e => new HistoryEvent(e.Offset, e.Payload, e.Key, DateTimeOffset.FromUnixTimeMilliseconds(e.CreatedAtMs)))]);

    private static OutboxStatus StatusOf(AppendResult result) => result.Status switch
    {
        AppendStatus.Gap => OutboxStatus.Gap,
        AppendStatus.Conflict => OutboxStatus.Conflict,
        AppendStatus.Unavailable => OutboxStatus.Unavailable,
        _ => OutboxStatus.InLog,
    };
}
