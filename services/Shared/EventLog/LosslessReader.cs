namespace Microservices.EventLog;

/// <summary>A reader that gets every event, once and in order.</summary>
internal sealed class LosslessReader(FollowedTopic topic, ulong topicHash, Position? start, SingleWaiterAutoResetEvent wake)
    : TopicReader(topic, topicHash, start, wake)
{
    protected override Position Reached => Position;

    public override long DepthBefore(long newestOffset) => HasStarted ? Math.Max(0, newestOffset - Position.Offset) : 0;

    public override (EventBatch? Batch, bool First) TakeShared()
    {
        if (IsCatchingUp)
            return default;
        var taken = Topic.State.TakeBatch(Position, VerifiedIn, TopicHash);
        if (taken.Batch is { } batch)
            Position = batch.Events[^1].Position;
        return taken;
    }

    public override (bool Live, long Dropped) Take(int maxEvents, long maxBytes, List<LogEvent> into)
    {
        if (IsCatchingUp)
        {
            if (TakePage() is not { } page)
                return default;
            into.AddRange(page.Events);
            Position = page.End;
            if (page.Events.Count > 0)
                return default;
        }

        switch (Topic.State.Take(Position, VerifiedIn, maxEvents, maxBytes, into))
        {
            case ReaderPosition.Behind:
                BeginCatchUp();
                break;
            case ReaderPosition.InMemory:
                Position = into[^1].Position;
                break;
        }

        return (true, 0);
    }

    protected override void MoveTo(Position place) => Position = place;
}
