using Microservices.EventLog;

namespace Microservices.Persistence;

/// <summary>What the log's answers to a batch mean, topic by topic: what is in the log, and what keeps the rest of it out.</summary>
internal sealed class RelayedBatch
{
    private RelayedBatch()
    {
    }

    /// <summary>Events that the log has.</summary>
    public List<OutboxEvent> InLog { get; } = [];

    /// <summary>How far the topics of these have come.</summary>
    public List<OutboxMark> Marks { get; } = [];

    /// <summary>Topics that the log did not answer for.</summary>
    public List<OutboxTopic> Unanswered { get; } = [];

    /// <summary>Topics whose log ends before what was appended, and where it ends.</summary>
    public Dictionary<string, TopicHead> Gaps { get; } = [];

    /// <summary>Topics whose log has something else than what was appended, and where it ends.</summary>
    public Dictionary<string, TopicHead> Conflicts { get; } = [];

    /// <summary>Topics with an event that the log refuses, the first of these, and why.</summary>
    public List<(OutboxBacklog Backlog, int Index, string Reason)> Refused { get; } = [];

    /// <summary>The answers to all events that waited, in their order.</summary>
    public static RelayedBatch Of(IReadOnlyList<OutboxBacklog> waiting, IReadOnlyList<AppendResult> results)
    {
        var batch = new RelayedBatch();
        var at = 0;
        foreach (var backlog in waiting)
        {
            batch.Add(backlog, [.. Enumerable.Range(at, backlog.Events.Count).Select(i => results[i])]);
            at += backlog.Events.Count;
        }

        return batch;
    }

    private void Add(OutboxBacklog backlog, AppendResult[] results)
    {
        var (topic, events) = backlog;
        var inLog = results.TakeWhile(result => result.IsInLog).Count();
        InLog.AddRange(events.Take(inLog));
        if (inLog > 0)
            Marks.Add(new OutboxMark(topic, events[inLog - 1].Offset));
        if (inLog == events.Count)
            return;

        var failed = results[inLog];
        var head = new TopicHead(topic.Topic, topic.Epoch, failed.LastOffset);
        switch (failed.Status)
        {
            case AppendStatus.Unavailable:
                Unanswered.Add(topic);
                break;
            case AppendStatus.Refused:
                Refused.Add((backlog, inLog, failed.Violation ?? "The log refuses it."));
                break;
            // What follows an event that is in the log is looked at in the next round: its refusal may be due to that of another.
            case AppendStatus.Gap when inLog == 0:
                Gaps[topic.Topic] = head;
                break;
            case AppendStatus.Conflict when inLog == 0:
                Conflicts[topic.Topic] = head;
                break;
        }
    }
}
