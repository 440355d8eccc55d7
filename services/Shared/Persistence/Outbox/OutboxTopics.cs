using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>A topic as the database has it.</summary>
/// <param name="Topic">Its name.</param>
/// <param name="Epoch">The life of its numbering.</param>
/// <param name="LastOffset">The offset of its newest event.</param>
/// <param name="EarliestOffset">The offset of the oldest event that is kept; one more than <paramref name="LastOffset"/> when none is.</param>
/// <param name="UpdatedAt">When its newest event was committed.</param>
public sealed record KeptTopic(string Topic, string Epoch, long LastOffset, long EarliestOffset, DateTimeOffset UpdatedAt);

/// <summary>Which topics a service's database has, for those who look. Each read costs what it returns, however many topics and events there are. Thread-safe.</summary>
public sealed class OutboxTopics<TContext>(Database<TContext> database)
    where TContext : ServiceDbContext
{
    /// <summary>The topics whose name begins with the prefix and comes after a name, by name (by bytes), at most so many.</summary>
    /// <exception cref="DatabaseAwayException">The database is away.</exception>
    public Task<List<KeptTopic>> ListAsync(string prefix, string after, int count, CancellationToken cancellationToken)
    {
        // What begins with it is what is not before it, and before the same with its last character replaced by the next one: an index serves that, whatever LIKE makes of the text.
        var end = prefix.Length == 0 ? null : prefix[..^1] + (char)(prefix[^1] + 1);
        return database.ReadAsync(context => Read(context, context.OutboxTopics
            .Where(t => string.Compare(t.Topic, after) > 0 && string.Compare(t.Topic, prefix) >= 0 && (end == null || string.Compare(t.Topic, end) < 0))
            .OrderBy(t => t.Topic)
            .Take(count)).ToListAsync(cancellationToken), cancellationToken);
    }

    /// <summary>One topic; null when it has never had an event.</summary>
    /// <exception cref="DatabaseAwayException">The database is away.</exception>
    public Task<KeptTopic?> FindAsync(string topic, CancellationToken cancellationToken) =>
        database.ReadAsync(context => Read(context, context.OutboxTopics.Where(t => t.Topic == topic)).FirstOrDefaultAsync(cancellationToken), cancellationToken);

    /// <summary>The offset of the first event of a topic that is kept and not older than a time; one more than that of its newest when all are older.</summary>
    /// <exception cref="DatabaseAwayException">The database is away.</exception>
    public Task<long> FirstSinceAsync(KeptTopic topic, DateTimeOffset time, CancellationToken cancellationToken) => database.ReadAsync(async context =>
    {
        // The times of a topic never go back: so a few reads are enough, and its times need no index.
        var (name, since) = (topic.Topic, time.ToUnixTimeMilliseconds());
        var (low, high) = (topic.EarliestOffset, topic.LastOffset + 1);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var at = await context.OutboxEvents.Where(e => e.Topic == name && e.Offset == middle).Select(e => (long?)e.CreatedAtMs).FirstOrDefaultAsync(cancellationToken);
            // Those that are cleaned up meanwhile are the oldest ones.
            if (at is null || at < since)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }, cancellationToken);

    private static IQueryable<KeptTopic> Read(TContext context, IQueryable<OutboxTopic> topics) => topics.Select(t => new KeptTopic(
        t.Topic,
        t.Epoch,
        t.LastOffset,
        context.OutboxEvents.Where(e => e.Topic == t.Topic).OrderBy(e => e.Offset).Select(e => (long?)e.Offset).FirstOrDefault() ?? (t.LastOffset + 1),
        DateTimeOffset.FromUnixTimeMilliseconds(t.UpdatedAtMs)));
}
