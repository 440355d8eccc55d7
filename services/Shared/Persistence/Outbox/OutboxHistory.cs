using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>
/// The topics of a service as the database has them: what serves readers that are older than the log. Thread-safe. Everything it tells
/// is committed; the bytes are those that are, or will be, in the log.
/// </summary>
public sealed class OutboxHistory<TContext>(Database<TContext> database)
    where TContext : ServiceDbContext
{
    /// <summary>
    /// The events of a topic after an offset, oldest first, at most <paramref name="maxEvents"/>. They begin later where the
    /// ones between are past <see cref="OutboxOptions.Retention"/>.
    /// </summary>
    /// <returns>Null when the topic never had an event.</returns>
    public Task<OutboxPage?> ReadAsync(string topic, long after, int maxEvents, CancellationToken cancellationToken) =>
        database.ReadAsync(async context =>
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
            return new OutboxPage(state.Epoch, state.LastOffset, events);
        }, cancellationToken);
}

/// <summary>A range of a topic.</summary>
/// <param name="Epoch">The life of the topic's numbering.</param>
/// <param name="LastOffset">The offset of the topic's newest event.</param>
/// <param name="Events">The events, offsets consecutive.</param>
public sealed record OutboxPage(string Epoch, long LastOffset, IReadOnlyList<OutboxEvent> Events);
