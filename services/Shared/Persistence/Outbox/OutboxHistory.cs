using Microservices.EventLog;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>
/// The topics of a service as the database has them: what serves readers that are older than the log. Thread-safe. Everything it returns
/// is committed; the bytes are those that are, or will be, in the log. Events past <see cref="OutboxOptions.Retention"/> are gone: then they begin later.
/// </summary>
public sealed class OutboxHistory<TContext>(Database<TContext> database) : IEventHistory
    where TContext : ServiceDbContext
{
    /// <inheritdoc/>
    public async ValueTask<HistoryPage?> ReadAsync(string topic, long after, int maxEvents, CancellationToken cancellationToken) =>
        await database.ReadAsync(async context =>
        {
            var state = await context.OutboxTopics.FirstOrDefaultAsync(t => t.Topic == topic, cancellationToken);
            if (state is null)
                return null;
            // Read after it: what is committed meanwhile waits for the next time.
            var events = after >= state.LastOffset ? [] : await context.OutboxEvents
                .Where(e => e.Topic == topic && e.Offset > after && e.Offset <= state.LastOffset)
                .OrderBy(e => e.Offset)
                .Take(maxEvents)
                .ToListAsync(cancellationToken);
            return new HistoryPage(state.Epoch, state.LastOffset, events.ConvertAll(e =>
                new HistoryEvent(e.Offset, e.Payload, e.Key, DateTimeOffset.FromUnixTimeMilliseconds(e.CreatedAtMs), e.TraceContext)));
        }, cancellationToken);
}
