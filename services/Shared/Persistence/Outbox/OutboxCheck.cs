using Microservices.EventLog;

namespace Microservices.Persistence;

/// <summary>
/// Compares topics with the log and sets back the marks of those that the log lacks something of, so that the relay appends it again.
/// Often the most recent ones, which show that a log was flushed or rewound; then, and now and then, all of them, page by page. The log
/// forgets topics that are quiet: that it has nothing of one counts only if it has nothing of a recent one either.
/// </summary>
internal sealed class OutboxCheck<TContext>(OutboxStore<TContext> store, IEventAppender log, OutboxOptions options, TimeProvider time)
    where TContext : ServiceDbContext
{
    private const int RecentTopics = 64;
    private const int PageTopics = 256;
    private const int MostRemembered = 100_000;
    private readonly Dictionary<string, long> refilling = [];
    private long checkedAt = long.MinValue;
    private long sweptAt = long.MinValue;
    private OutboxTopic? sweptTo;
    private bool emptied;

    /// <summary>A sweep is under way: call again soon.</summary>
    public bool Sweeping { get; private set; }

    /// <summary>There is something to compare.</summary>
    public bool IsDue => Sweeping || sweptAt == long.MinValue || time.GetElapsedTime(checkedAt) >= options.CheckInterval;

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
        var now = time.GetTimestamp();
        if (sweptAt == long.MinValue || time.GetElapsedTime(sweptAt, now) >= options.SweepInterval)
        {
            sweptAt = now;
            Sweep();
        }

        if (checkedAt == long.MinValue || time.GetElapsedTime(checkedAt, now) >= options.CheckInterval)
        {
            checkedAt = now;
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

    /// <summary>Decides what to do about topics whose log ends elsewhere than the outbox thought; true when there is something to append.</summary>
    public async Task<bool> RepairAsync(IReadOnlyDictionary<string, TopicHead> heads, bool conflict, CancellationToken cancellationToken)
    {
        var marks = new List<OutboxMark>();
        foreach (var (topic, oldest) in await store.ReadTopicsAsync([.. heads.Keys], cancellationToken))
        {
            var head = heads[topic.Topic];
            var mark = MarkFor(topic, oldest, head, conflict);
            if (mark is not { } move)
                continue;
            if (refilling.Count < MostRemembered)
                refilling[topic.Topic] = topic.RelayedOffset;
            marks.Add(move);
        }

        await store.MoveAsync(marks, cancellationToken);
        return marks.Count > 0;
    }

    /// <summary>Whether an event that was just relayed had been in the log before.</summary>
    public bool IsRefill(string topic, long offset)
    {
        if (!refilling.TryGetValue(topic, out var until))
            return false;
        if (offset <= until)
            return true;
        refilling.Remove(topic);
        return false;
    }

    private void Sweep(bool afterLoss) => (Sweeping, sweptTo, emptied) = (true, null, afterLoss);

    private async Task<(bool Lacking, OutboxTopic? Last)> CompareAsync(OutboxTopic? after, int count, bool withForgotten, CancellationToken cancellationToken)
    {
        var since = (time.GetUtcNow() - log.MaxAge).ToUnixTimeMilliseconds();
        var page = await store.ReadRecentAsync(since, after, count, cancellationToken);
        if (page.Count == 0)
            return (false, null);

        var heads = await log.ReadHeadsAsync([.. page.Select(t => t.Topic)], cancellationToken);
        // Asked after the marks were read, so a log that has less has lost it. One that has more may have got it meanwhile; that is
        // looked at again in RepairAsync.
        var suspects = page.Zip(heads)
            .Where(pair => pair.First.RelayedOffset > 0 && (withForgotten || pair.Second.LastOffset > 0) && (pair.Second.Epoch != pair.First.Epoch || pair.Second.LastOffset < pair.First.RelayedOffset || pair.Second.LastOffset > pair.First.LastOffset))
            .ToDictionary(pair => pair.First.Topic, pair => pair.Second);
        var lacking = suspects.Count > 0 && await RepairAsync(suspects, conflict: false, cancellationToken);
        return (lacking, page.Count < count ? null : page[^1]);
    }

    private OutboxMark? MarkFor(OutboxTopic topic, long oldest, TopicHead head, bool conflict)
    {
        // Nothing kept: the log has what there is, or there is nothing to give it.
        if (oldest == 0)
            return null;
        var start = Math.Min(topic.RelayedOffset, Math.Max(topic.LastOffset - log.MaxEvents, oldest - 1));
        if (head.LastOffset == 0 || head.Epoch != topic.Epoch)
            return start == topic.RelayedOffset ? null : new OutboxMark(topic, start);
        // The log knows of a future that the database does not, since that was restored from a copy; or of one that the rows
        // kept do not reach back to. Only a new numbering can follow.
        if (conflict || head.LastOffset > topic.LastOffset || head.LastOffset + 1 < oldest)
            return new OutboxMark(topic, start, Epoch.New());
        return head.LastOffset < topic.RelayedOffset ? new OutboxMark(topic, head.LastOffset) : null;
    }
}
