using System.Diagnostics;

namespace Microservices.EventLog;

/// <summary>
/// The newest end of a topic as this process has it: events are taken in only if each connects to the one before, and the recent ones are
/// kept. Either it is live, and takes in what is published, or it catches up: then a read is under way of what is missing, and what is
/// published meanwhile is held. Knows no Redis. Not thread-safe: every member is used under the lock of its topic.
/// </summary>
internal sealed class TopicTail(Lock gate, TopicReaders readers, EventLogOptions options, bool hasHistory)
{
    private readonly HeldEvents held = new(options.RecentEvents, options.RecentBytes);
    private Position newest = Position.Start;
    private Position? readAhead;

    /// <summary>The place after the newest event; null as long as the topic was never read.</summary>
    public Position? Newest => IsKnown ? newest : null;

    /// <summary>Whether the topic was read.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Whether a read of what is missing is under way, or about to begin.</summary>
    public bool IsCatchingUp { get; private set; } = true;

    /// <summary>Changes when events that were taken in turn out not to be part of the topic.</summary>
    public int Generation { get; private set; }

    /// <summary>Changes with every event that is taken in.</summary>
    public long Version { get; private set; }

    /// <summary>The newest events.</summary>
    public RecentEvents Recent { get; } = new(options.RecentEvents, options.RecentBytes);

    /// <summary>Up to where Redis has the topic.</summary>
    public LogExtent Log { get; } = new();

    /// <summary>What is known of where the topic ends; null as long as the topic was never read.</summary>
    public KnownEnd? KnownEnd => IsKnown ? new(Log.End, Log.EndText, ReadAhead) : null;

    /// <summary>The furthest place that a reader waits at beyond what came live. Null when there is none.</summary>
    private Position? ReadAhead => readAhead is { } place && IsAhead(place) ? place : null;

    /// <summary>Where the topic ended when it was subscribed to.</summary>
    public void Initialize(Position head)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        newest = Log.End = head;
        IsKnown = true;
        readers.Wake();
    }

    /// <summary>Takes in an event that was published. True when it does not connect, and the topic has to catch up.</summary>
    public bool Offer(LogEvent e)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (!IsCatchingUp && TryConnect(e))
            return false;
        held.Add(e);
        var begins = !IsCatchingUp;
        IsCatchingUp = true;
        return begins;
    }

    /// <summary>From now on what is published is held; gives the place to read from. <see cref="Absorb"/> what was read.</summary>
    public Position BeginRead()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        IsCatchingUp = true;
        held.BeginRead();
        return newest;
    }

    /// <summary>Takes in a page read from the place that <see cref="BeginRead"/> gave, then what was held.</summary>
    /// <returns>How many events the page added, and whether nothing is missing any more: the topic is live.</returns>
    public (int Added, bool IsLive) Absorb(LogPage page)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        var added = 0;
        var connects = page.Status == ReadStatus.Ok;
        if (connects)
            added = Take(page);
        else
            Rebase(page.Head);
        Log.End = connects && page.Head.Offset > newest.Offset ? newest : page.Head;

        var isMissing = held.HasDropped || (connects && !page.ReachedEnd);
        // Before what was held: an event beyond that head may have been lost since it was published.
        if (!isMissing)
            Log.Confirm(page.Head);
        foreach (var e in held.TakeAll())
            isMissing |= !TryConnect(e);
        IsCatchingUp = isMissing;
        return (added, !isMissing);
    }

    /// <summary>
    /// Where a place is that was last found to be part of the topic in that generation. A place beyond what came live is remembered: its
    /// reader waits, and only a comparison with Redis can tell that the log has lost what that reader has read.
    /// </summary>
    public ReaderPosition PositionOf(Position place, int verifiedIn)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (!IsKnown || (place.Offset == newest.Offset && place.Epoch == newest.Epoch && Position.Agree(place.Link, newest.Link)))
            return ReaderPosition.CaughtUp;
        if (Recent.Connects(place))
            return ReaderPosition.InMemory;
        if (!IsAhead(place) || verifiedIn != Generation)
            return ReaderPosition.Behind;
        // A history keeps what the log loses.
        if (!hasHistory && (ReadAhead is not { } known || known.Offset < place.Offset))
            readAhead = place;
        return ReaderPosition.CaughtUp;
    }

    /// <summary>Whether the place is beyond what came live.</summary>
    public bool IsAhead(Position place) => place.Epoch == newest.Epoch && place.Offset > newest.Offset;

    /// <summary>
    /// Compares Redis's head with what was known when it was asked for. If the log has lost what readers have read beyond what came live,
    /// each of them is verified again.
    /// </summary>
    public HeadCheck Compare(Position head, KnownEnd asked)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (asked.ReadAhead is { } read && (read.Epoch != head.Epoch || read.Offset > head.Offset))
        {
            Generation++;
            readAhead = null;
            readers.Wake();
        }

        return IsCatchingUp ? HeadCheck.Same : Log.Compare(head, asked.InLog, newest);
    }

    private int Take(LogPage page)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        var added = 0;
        foreach (var e in page.Events)
        {
            if (!newest.IsBefore(e))
                continue;
            Push(e);
            added++;
        }

        if (page.Events.Count == 0)
            newest = page.End;
        return added;
    }

    /// <summary>Takes in an event that connects, and drops a repeat: at least once is what comes. False for anything else.</summary>
    private bool TryConnect(LogEvent e)
    {
        if (newest.IsBefore(e))
        {
            Push(e);
            Log.End = newest;
            return true;
        }

        Log.Published(e, newest);
        return e.Epoch == newest.Epoch
            && (e.Offset == newest.Offset
                ? Position.Agree(e.Id, newest.Link)
                : e.Offset < newest.Offset && (Recent.Find(e.Offset) is not { } seen || seen.Id == e.Id));
    }

    private void Push(LogEvent e)
    {
        newest = e.Position;
        Version++;
        Log.Unconfirm();
        Recent.Add(e);
        readers.Publish(e);
    }

    /// <summary>What was taken in is not part of the topic, or what follows it is lost: it goes on elsewhere.</summary>
    private void Rebase(Position head)
    {
        newest = head;
        Version++;
        Generation++;
        readAhead = null;
        Log.Unconfirm();
        Recent.Clear();
        readers.DetachAll();
    }
}
