using Microservices.EventLog;
using Microservices.Persistence;

namespace Microservices.Topics;

/// <summary>
/// Serves readers that are older than the event log from the database. Apart from <see cref="LogSink"/>, since the log asks this and
/// is asked by that. Thread-safe.
/// </summary>
public sealed class LogHistory<TContext>(OutboxHistory<TContext> history) : IEventHistory
    where TContext : ServiceDbContext
{
    /// <inheritdoc/>
    public async ValueTask<HistoryPage?> ReadAsync(string topic, long after, int maxEvents, CancellationToken cancellationToken) =>
        await history.ReadAsync(topic, after, maxEvents, cancellationToken) is not { } page ? null : new HistoryPage(page.Epoch, page.LastOffset,
            [.. page.Events.Select(e => new HistoryEvent(e.Offset, e.Payload, e.Key, DateTimeOffset.FromUnixTimeMilliseconds(e.CreatedAtMs)))]);
}
