using Microservices.EventLog;

namespace Microservices.Persistence;

/// <summary>
/// Sets back the marks of topics whose log ends elsewhere than the outbox thought, so that the relay appends again what it lacks. Not thread-safe.
/// </summary>
internal sealed class OutboxRepair<TContext>(OutboxStore<TContext> store, IEventAppender log)
    where TContext : ServiceDbContext
{
    private const int MostRemembered = 100_000;
    private readonly Dictionary<string, long> refilling = [];

    /// <summary>Moves the marks of topics by where their log ends; true when there is something to append.</summary>
    public async Task<bool> RepairAsync(IReadOnlyDictionary<string, TopicHead> heads, bool conflict, CancellationToken cancellationToken)
    {
        var marks = new List<OutboxMark>();
        foreach (var (topic, oldest) in await store.ReadTopicsAsync([.. heads.Keys], cancellationToken))
        {
            if (MarkFor(topic, oldest, heads[topic.Topic], conflict, log.MaxEvents) is not { } mark)
                continue;
            if (refilling.Count < MostRemembered)
                refilling[topic.Topic] = topic.RelayedOffset;
            marks.Add(mark);
        }

        await store.MoveAsync(marks, cancellationToken);
        return marks.Count > 0;
    }

    /// <summary>Whether an event that was just relayed had been in the log before.</summary>
    public bool IsRefill(OutboxEvent relayed)
    {
        if (!refilling.TryGetValue(relayed.Topic, out var until))
            return false;
        if (relayed.Offset <= until)
            return true;
        refilling.Remove(relayed.Topic);
        return false;
    }

    /// <summary>Where the relay is to go on in a topic; null: where it is.</summary>
    /// <param name="topic">The topic as the database has it.</param>
    /// <param name="oldest">The oldest event that is kept of it; 0 for none.</param>
    /// <param name="head">Where the log ends.</param>
    /// <param name="conflict">Whether the log has another event than the database at an offset that both have.</param>
    /// <param name="maxEvents">The most events that the log keeps of it.</param>
    internal static OutboxMark? MarkFor(OutboxTopic topic, long oldest, TopicHead head, bool conflict, int maxEvents)
    {
        // Nothing kept: the log has what there is, or there is nothing to give it.
        if (oldest == 0)
            return null;
        var start = Math.Min(topic.RelayedOffset, Math.Max(topic.LastOffset - maxEvents, oldest - 1));
        if (head.LastOffset == 0 || head.Epoch != topic.Epoch)
            return start == topic.RelayedOffset ? null : new OutboxMark(topic, start);
        // The log knows of a future that the database does not, since that was restored from a copy; or of one that the rows
        // kept do not reach back to. Only a new numbering can follow.
        if (conflict || head.LastOffset > topic.LastOffset || head.LastOffset + 1 < oldest)
            return new OutboxMark(topic, start, Epoch.New());
        return head.LastOffset < topic.RelayedOffset ? new OutboxMark(topic, head.LastOffset) : null;
    }
}
