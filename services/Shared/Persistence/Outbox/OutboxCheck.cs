using Microservices.EventLog;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>
/// Compares topics with the log, and repairs those of which the log lacks something: often the most recent ones, which show that a log was
/// flushed or rewound; then, and now and then, all of them, page by page: a sweep. The log forgets topics that are quiet: that it has nothing of one
/// counts only if it has nothing of a recent one either. Not thread-safe.
/// </summary>
internal sealed class OutboxCheck<TContext>(
    OutboxStore<TContext> store, IEventAppender log, OutboxRepair<TContext> repair, IOptions<OutboxOptions> settings, TimeProvider time)
    where TContext : ServiceDbContext
{
    internal const int RecentTopics = 64;
    internal const int PageTopics = 256;

    private readonly OutboxOptions options = settings.Value;
    private long? checkedAt;
    private long? sweptAt;
    private OutboxTopic? sweptTo;
    private bool emptied;

    /// <summary>A sweep is under way: call again soon.</summary>
    public bool Sweeping { get; private set; }

    /// <summary>There is something to compare.</summary>
    public bool IsDue => Sweeping || IsPast(sweptAt, options.SweepInterval) || IsPast(checkedAt, options.CheckInterval);

    /// <summary>Another replica sees to it.</summary>
    public void Skip()
    {
        sweptAt = checkedAt = time.GetTimestamp();
        Sweeping = false;
    }

    /// <summary>Compares everything, from the beginning.</summary>
    public void Sweep() => Sweep(afterLoss: false);

    /// <summary>Does what is due: one page at most.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (IsPast(sweptAt, options.SweepInterval))
        {
            sweptAt = time.GetTimestamp();
            Sweep();
        }

        if (IsPast(checkedAt, options.CheckInterval))
        {
            checkedAt = time.GetTimestamp();
            var (lacking, _) = await CompareAsync(null, RecentTopics, withForgotten: true, cancellationToken);
            if (lacking && !(Sweeping && emptied))
                Sweep(afterLoss: true);
        }
        else if (Sweeping)
        {
            (_, sweptTo) = await CompareAsync(sweptTo, PageTopics, emptied, cancellationToken);
            Sweeping = sweptTo is not null;
        }
    }

    private void Sweep(bool afterLoss) => (Sweeping, sweptTo, emptied) = (true, null, afterLoss);

    private bool IsPast(long? last, TimeSpan interval) => last is not { } at || time.GetElapsedTime(at) >= interval;

    private async Task<(bool Lacking, OutboxTopic? Last)> CompareAsync(OutboxTopic? after, int count, bool withForgotten, CancellationToken cancellationToken)
    {
        var since = (time.GetUtcNow() - log.MaxAge).ToUnixTimeMilliseconds();
        var page = await store.ReadRecentAsync(since, after, count, cancellationToken);
        if (page.Count == 0)
            return (false, null);

        var heads = await log.ReadHeadsAsync([.. page.Select(t => t.Topic)], cancellationToken);
        // Asked after the marks were read, so a log that has less has lost it. One that has more may have got it meanwhile; that is
        // looked at again for the repair.
        var suspects = page.Zip(heads)
            .Where(pair => IsSuspect(pair.First, pair.Second, withForgotten))
            .ToDictionary(pair => pair.First.Topic, pair => pair.Second);
        var lacking = suspects.Count > 0 && await repair.RepairAsync(suspects, conflict: false, cancellationToken);
        return (lacking, page.Count < count ? null : page[^1]);
    }

    /// <summary>Whether the log may lack something of a topic, or have too much of it.</summary>
    /// <param name="topic">The topic as the database has it.</param>
    /// <param name="head">Where the log ends.</param>
    /// <param name="withForgotten">Whether it counts that the log has nothing at all.</param>
    internal static bool IsSuspect(OutboxTopic topic, TopicHead head, bool withForgotten) =>
        topic.RelayedOffset > 0
        && (withForgotten || head.LastOffset > 0)
        && (head.Epoch != topic.Epoch || head.LastOffset < topic.RelayedOffset || head.LastOffset > topic.LastOffset);
}
