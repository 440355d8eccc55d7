namespace Microservices.EventLog;

/// <summary>
/// A reader that gets the newest event of each key. What it has not taken in yet waits in its queue, where newer events replace older ones
/// of their key: it is given live events even while its subscriber does not read.
/// </summary>
internal sealed class LatestReader(FollowedTopic topic, ulong topicHash, Position? start, int maxKeys, SingleWaiterAutoResetEvent wake)
    : TopicReader(topic, topicHash, start, wake)
{
    /// <summary>What waits to be handed out. While <see cref="IsAttached"/> the topic's lock guards it.</summary>
    public LatestQueue Queue { get; } = new(maxKeys);

    /// <summary>Whether live events go to <see cref="Queue"/>. Set within the topic's lock.</summary>
    public bool IsAttached { get; set; }

    /// <summary>The place after the last event in the queue, or handed out. While <see cref="IsAttached"/> the topic's lock guards it.</summary>
    public Position ReadTo { get; private set; } = start ?? Position.Start;

    protected override Position Reached => ReadTo;

    public override long DepthBefore(long newestOffset) => Queue.Count;

    /// <summary>Puts the next event into the queue; false when there is no room.</summary>
    public bool TryQueue(LogEvent e)
    {
        if (!Queue.TryAdd(e))
            return false;
        ReadTo = e.Position;
        return true;
    }

    /// <remarks>Nothing is handed out before all that there is was conflated, or as many keys as may be held: else a slow reader that
    /// starts far behind would stay there.</remarks>
    public override (bool Live, long Dropped) Take(int maxEvents, long maxBytes, List<LogEvent> into)
    {
        if (IsCatchingUp)
        {
            if (TakePage() is not { } page)
                return default;
            foreach (var e in page.Events)
            {
                if (!TryQueue(e))
                    break;
            }

            if (page.Events.Count == 0)
                ReadTo = page.End;
        }

        if (Topic.State.Attach(this) == ReaderPosition.Behind && !Queue.IsFull)
        {
            BeginCatchUp();
            return default;
        }

        if (Topic.State.TakeLatest(this, maxEvents, maxBytes, into))
            Position = into[^1].Position;
        return (IsAttached, Queue.TakeDropped());
    }

    protected override void MoveTo(Position place)
    {
        Position = ReadTo = place;
        Queue.Clear();
    }

    // From the start, not from the first time that it is asked: a slow reader's events are conflated before it reads them.
    protected override void GoLive() => Topic.State.Attach(this);
}
