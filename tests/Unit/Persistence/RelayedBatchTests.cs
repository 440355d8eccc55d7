using Microservices.EventLog;
using Microservices.Persistence;

namespace Microservices.Tests.Unit.Persistence;

/// <summary>What the log's answers mean: A appended, D duplicate, G gap, C conflict, U unavailable, R refused.</summary>
public sealed class RelayedBatchTests
{
    [Theory]
    [InlineData("AAA", 3, "")]
    [InlineData("DDA", 3, "")]
    [InlineData("AAU", 2, "unanswered")]
    [InlineData("UUU", 0, "unanswered")]
    [InlineData("GGG", 0, "gap")]
    [InlineData("CCC", 0, "conflict")]
    [InlineData("RAA", 0, "refused 0")]
    // What comes after an event that is in the log is looked at again first: here the third is no more than the consequence of the second.
    [InlineData("ARG", 1, "refused 1")]
    [InlineData("AGG", 1, "")]
    [InlineData("DCC", 1, "")]
    [InlineData("AAR", 2, "refused 2")]
    [InlineData("AUA", 1, "unanswered")]
    public void A_topic_gets_on_up_to_its_first_event_that_is_not_in_the_log(string answers, int inLog, string outcome)
    {
        // Between others, which must not mix with it.
        var waiting = new[] { Backlog("a", 1), Backlog("b", answers.Length), Backlog("c", 2) };
        AppendResult[] results = [Answer('A'), .. answers.Select(Answer), Answer('A'), Answer('U')];

        var batch = RelayedBatch.Of(waiting, results);

        Assert.Equal(inLog, batch.InLog.Count(e => e.Topic == "b"));
        Assert.Equal(inLog > 0 ? 10 + inLog : null, batch.Marks.Where(m => m.Read.Topic == "b").Select(m => (long?)m.Relayed).SingleOrDefault());
        Assert.Equal(outcome == "unanswered", batch.Unanswered.Contains(waiting[1].Topic));
        Assert.Equal(outcome == "gap" ? [new TopicHead("b", "epoch", 7)] : [], batch.Gaps.Values);
        Assert.Equal(outcome == "conflict" ? [new TopicHead("b", "epoch", 7)] : [], batch.Conflicts.Values);
        Assert.Equal(outcome.StartsWith("refused", StringComparison.Ordinal) ? [outcome] : [], batch.Refused.Select(r => $"refused {r.Index}"));
        Assert.All(batch.Refused, r => Assert.Equal(("b", "too large"), (r.Backlog.Topic.Topic, r.Reason)));

        Assert.Equal(["a", "c"], batch.InLog.Where(e => e.Topic != "b").Select(e => e.Topic));
        Assert.Contains(waiting[2].Topic, batch.Unanswered);
    }

    private static AppendResult Answer(char letter) => letter switch
    {
        'A' => new(AppendStatus.Appended, "epoch", 0, 0),
        'D' => new(AppendStatus.Duplicate, "epoch", 0, 0),
        'G' => new(AppendStatus.Gap, "epoch", 0, 7),
        'C' => new(AppendStatus.Conflict, "epoch", 0, 7),
        'U' => new(AppendStatus.Unavailable, "", 0, 0),
        _ => new(AppendStatus.Refused, "", 0, 0) { Violation = "too large" },
    };

    private static OutboxBacklog Backlog(string topic, int events) => new(
        new OutboxTopic { Topic = topic, Epoch = "epoch", LastOffset = 10 + events, RelayedOffset = 10, UpdatedAtMs = 0 },
        [.. Enumerable.Range(11, events).Select(offset => new OutboxEvent { Topic = topic, Offset = offset, Key = "", Payload = [1], TraceContext = null, CreatedAtMs = 0 })]);
}
