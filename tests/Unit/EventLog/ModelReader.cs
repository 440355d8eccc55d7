using Microservices.EventLog;
using Microservices.Primitives;

namespace Microservices.Tests.Unit.EventLog;

/// <summary>A subscriber of a <see cref="ModelTopic"/>: it checks all that it is given, when it is given it.</summary>
internal sealed class ModelReader
{
    private readonly ModelTopic topic;
    private readonly TopicReader reader;
    private readonly bool conflates;
    private readonly List<LogEvent> taken = [];
    private Position begin;
    private Position last;
    private bool started;

    /// <param name="topic">The topic.</param>
    /// <param name="start">Where it begins; null: at the topic's end.</param>
    /// <param name="conflates">Whether it asks for the newest event of each key only.</param>
    public ModelReader(ModelTopic topic, Position? start, bool conflates)
    {
        (this.topic, this.conflates) = (topic, conflates);
        reader = conflates
            ? new LatestReader(topic, 1, start, ModelTopic.Options.LatestKeys, new SingleWaiterAutoResetEvent())
            : new LosslessReader(topic, 1, start, new SingleWaiterAutoResetEvent());
        topic.State.Add(reader);
    }

    /// <summary>The place after the last event that it was given.</summary>
    public Position Place => reader.Position;

    /// <summary>How often it was told that its place is not part of the topic any more.</summary>
    public int Resets { get; private set; }

    /// <summary>Takes what there is for it, as a subscription does; true when there was something.</summary>
    public bool Step(int maxEvents)
    {
        if (!reader.TryStart())
            return false;
        if (!started)
        {
            started = true;
            begin = last = reader.Position;
            return true;
        }

        if (reader.Refusal is not null)
        {
            CheckReset(reader.Reset().Status);
            Resets++;
            taken.Clear();
            begin = last = reader.Position;
            return true;
        }

        var events = new List<LogEvent>();
        if (reader.TakeShared().Batch is { } batch)
            events.AddRange(batch.Events);
        else
            reader.Take(maxEvents, 1_024, events);
        events.ForEach(CheckEvent);
        Assert.True(events.Count == 0 || reader.Position == events[^1].Position);
        return events.Count > 0;
    }

    /// <summary>Nothing is under way any more: it has to be where the topic is, and to have been given all there is of it.</summary>
    public void CheckEnd()
    {
        var truth = topic.Redis.Events;
        Assert.All(taken, e => Assert.Equal(truth[(int)e.Offset - 1].Id, e.Id));
        if (begin.IsEarliest && topic.Redis.IsDurable)
            begin = Position.Start;
        else if (begin.IsEarliest && (taken.Count > 0 || topic.Redis.Held > 0))
            begin = Assert.IsType<LogEvent>(taken.FirstOrDefault()).Position with { Offset = taken[0].Offset - 1 };
        var missed = truth.Skip((int)Math.Max(0, begin.Offset)).ToList();
        if (begin.IsEarliest)
            Assert.Empty(taken);
        else if (conflates)
            Assert.Superset(missed.GroupBy(e => e.Key).Select(key => key.Last().Id).ToHashSet(), taken.Select(e => e.Id).ToHashSet());
        else
            Assert.Equal(missed.Select(e => e.Id), taken.Select(e => e.Id));
        if (taken.Count == 0 && truth.Count > 0 && !begin.IsEarliest)
            Assert.True(reader.Position.Epoch == truth[^1].Epoch && reader.Position.Offset == truth.Count, $"{reader.Position}, not {truth[^1].Position}");
    }

    private void CheckEvent(LogEvent e)
    {
        if (conflates)
            Assert.True(last.IsOf(e.Epoch) ? e.Offset > last.Offset : last.IsEarliest, $"{e.Position} after {last}");
        else
            Assert.True(last.IsBefore(e) || last.IsEarliest, $"{e.Position} after {last}");
        taken.Add(e);
        last = e.Position;
    }

    private void CheckReset(ReadStatus status)
    {
        var log = topic.Redis;
        Assert.False(log.IsDurable, $"{status} although everything is in the history");
        Assert.True(status switch
        {
            ReadStatus.Truncated => log.Truncations > 0,
            ReadStatus.EpochChanged => log.Flushes > 0,
            _ => log.Rewinds > 0,
        });
    }
}
