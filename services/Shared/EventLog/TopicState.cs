namespace Microservices.EventLog;

/// <summary>Where a reader's place is relative to what a process has of a topic.</summary>
internal enum Standing
{
    /// <summary>Nothing to take now; the reader is woken when there is.</summary>
    Wait,

    /// <summary>What follows it is in memory.</summary>
    Live,

    /// <summary>What follows it has to be read, or it does not connect.</summary>
    Behind,
}

/// <summary>What comparing a topic with Redis says.</summary>
internal enum HeadCheck
{
    Same,

    /// <summary>Redis has events that did not come.</summary>
    Missing,

    /// <summary>Redis has nothing of it any more: it was quiet for long, or others needed the memory, or Redis was emptied.</summary>
    Gone,

    /// <summary>Redis lacks events that came, or has others.</summary>
    LostWrites,
}

/// <summary>
/// What a process knows of a followed topic: the newest event taken in, the recent ones before it, and the local readers to wake.
/// Events are taken in only if each connects to the one before; while a repair reads what is missing, live ones are held (bounded:
/// what does not fit is read instead). Knows no Redis. Thread-safe, one lock; nothing in it waits.
/// </summary>
internal sealed class TopicState(EventLogOptions options)
{
    private readonly Lock gate = new();
    private readonly RecentEvents recent = new(options.RecentEvents, options.RecentBytes);
    private readonly List<LogEvent> held = [];
    private readonly List<TopicReader> readers = [];
    private Position position = Position.Start;
    private EventBatch? shared;
    private Position sharedAfter;
    private string? inLogText;
    private Position? confirmedHead;
    private Position? readTo;
    private long heldBytes;
    private bool known;
    private bool repairing = true;
    private bool missed;
    private int generation;

    /// <summary>The place after the newest event; null as long as it was never read.</summary>
    public Position? Newest
    {
        get
        {
            lock (gate)
                return known ? position : null;
        }
    }

    /// <summary>
    /// The place up to which Redis is known to have the topic: before <see cref="Newest"/> while a history knows more; null as long as it
    /// was never read. With its text, as <see cref="LogScripts.ChangedHeads"/> compares it.
    /// </summary>
    public (Position Place, string Text)? InLog
    {
        get
        {
            lock (gate)
                return known ? (inLog, inLogText ??= inLog.ToText()) : null;
        }
    }

    // Kept as text, too: most topics are quiet, and every sweep asks.
    private Position inLog
    {
        get;
        set
        {
            field = value;
            inLogText = null;
        }
    } = Position.Start;

    /// <summary>Changes when events that were taken in turn out not to be part of the topic.</summary>
    public int Generation
    {
        get
        {
            lock (gate)
                return generation;
        }
    }

    /// <summary>
    /// The furthest place to which a reader has read the log, as long as what came live does not reach it: a log that ends before it has
    /// lost writes. Null when none is further.
    /// </summary>
    public Position? ReadAhead
    {
        get
        {
            lock (gate)
            {
                if (readTo is { } place && (place.Epoch != position.Epoch || place.Offset <= position.Offset))
                    readTo = null;
                return readTo;
            }
        }
    }

    /// <summary>About how many events wait to be taken by the readers.</summary>
    public long Depth
    {
        get
        {
            lock (gate)
            {
                var depth = 0L;
                foreach (var reader in readers)
                    depth += reader.DepthBefore(position.Offset);
                return depth;
            }
        }
    }

    public void Add(TopicReader reader)
    {
        lock (gate)
            readers.Add(reader);
    }

    public void Remove(TopicReader reader)
    {
        lock (gate)
            readers.Remove(reader);
    }

    public void Wake()
    {
        lock (gate)
            WakeReaders();
    }

    /// <summary>Where the topic stood when it was subscribed to.</summary>
    public void Initialize(Position head)
    {
        lock (gate)
        {
            position = inLog = head;
            known = true;
            WakeReaders();
        }
    }

    /// <summary>Takes in a live event. True when it does not connect and a repair has to begin.</summary>
    public bool Offer(LogEvent e)
    {
        lock (gate)
        {
            if (repairing)
            {
                Hold(e);
                return false;
            }

            if (TryAccept(e))
                return false;
            Hold(e);
            repairing = true;
            return true;
        }
    }

    /// <summary>From now on live events are held; gives the place to read from. <see cref="Absorb"/> ends it.</summary>
    public Position BeginRead()
    {
        lock (gate)
        {
            repairing = true;
            missed = false;
            return position;
        }
    }

    /// <summary>Takes in a page read from the place that <see cref="BeginRead"/> gave, then what was held.</summary>
    /// <returns>How many events the page added, and whether the topic is up to date again.</returns>
    public (int Added, bool Done) Absorb(LogPage page)
    {
        lock (gate)
        {
            var added = 0;
            if (page.Status == ReadStatus.Ok)
            {
                foreach (var e in page.Events)
                {
                    if (position.IsBefore(e))
                    {
                        Push(e);
                        added++;
                    }
                }

                if (page.Events.Count == 0)
                    position = page.End;
            }
            else
            {
                Rebase(page.Head);
            }

            inLog = page.Status == ReadStatus.Ok && page.Head.Offset > position.Offset ? position : page.Head;
            var again = missed || (page.Status == ReadStatus.Ok && !page.ReachedEnd);
            foreach (var e in held)
                again |= !TryAccept(e);
            held.Clear();
            heldBytes = 0;
            repairing = again;
            if (!again)
                confirmedHead = page.Head;
            return (added, !again);
        }
    }

    /// <summary>Compares with Redis's head, which was asked for when Redis was known to have the topic up to <paramref name="asked"/>.</summary>
    public HeadCheck Compare(Position head, Position asked)
    {
        lock (gate)
        {
            // A history has confirmed already what such a log lacks.
            if (!known || repairing || head == confirmedHead)
                return HeadCheck.Same;
            if (head.Offset == 0)
                return asked.Offset == 0 ? HeadCheck.Same : HeadCheck.Gone;
            if (!asked.IsOf(head.Epoch))
                return asked.Offset == 0 || position.Epoch == head.Epoch ? HeadCheck.Same : HeadCheck.LostWrites;
            if (head.Offset > position.Offset)
                return HeadCheck.Missing;
            return head.Offset < asked.Offset || (head.Offset == asked.Offset && !Position.Agree(head.Link, asked.Link))
                ? HeadCheck.LostWrites
                : HeadCheck.Same;
        }
    }

    /// <summary>A reader has read the log up to there.</summary>
    public void Reached(Position place, int readIn)
    {
        lock (gate)
        {
            if (readIn == generation && place.Epoch == position.Epoch && place.Offset > position.Offset && !(readTo is { } known && known.Epoch == place.Epoch && known.Offset >= place.Offset))
                readTo = place;
        }
    }

    /// <summary>The log has lost what readers have read ahead of what came live: each is to be verified again.</summary>
    public void Doubt()
    {
        lock (gate)
        {
            generation++;
            readTo = null;
            WakeReaders();
        }
    }

    /// <summary>Where the reader stands, without taking anything.</summary>
    public Standing StandingOf(Position place, int verifiedIn)
    {
        lock (gate)
            return Stand(place, verifiedIn);
    }

    /// <summary>Adds what follows the place, within the bounds and as far as it is in memory.</summary>
    public Standing Take(Position place, int verifiedIn, int maxEvents, long maxBytes, List<LogEvent> into)
    {
        lock (gate)
        {
            var standing = Stand(place, verifiedIn);
            if (standing == Standing.Live)
                recent.TryCopyAfter(place, maxEvents, maxBytes, into);
            return standing;
        }
    }

    /// <summary>What follows the place, as far as it is in memory and a batch may hold: one instance for all that ask at that place.</summary>
    public (EventBatch? Batch, bool First) TakeBatch(Position place, int verifiedIn, ulong topicHash)
    {
        lock (gate)
        {
            if (shared is not null && place == sharedAfter)
                return (shared, false);
            if (Stand(place, verifiedIn) != Standing.Live)
                return default;
            var events = new List<LogEvent>();
            recent.TryCopyAfter(place, options.BatchEvents, options.BatchBytes, events);
            (shared, sharedAfter) = (new([.. events], [new(topicHash, place)], [new(topicHash, events[^1].Position)]), place);
            return (shared, true);
        }
    }

    /// <summary>From now on live events go to the reader's queue, if that connects and has room for what it has not taken in yet.</summary>
    public Standing Attach(TopicReader reader)
    {
        lock (gate)
        {
            if (reader.Attached || !known)
                return Standing.Wait;
            var standing = Stand(reader.ReadTo, reader.VerifiedIn);
            // A reader ahead of what came live must not be given it again.
            if (standing == Standing.Behind || reader.ReadTo.Offset > position.Offset)
                return standing;

            var missing = new List<LogEvent>();
            recent.TryCopyAfter(reader.ReadTo, int.MaxValue, long.MaxValue, missing);
            reader.Attached = missing.TrueForAll(e => TryQueue(reader, e));
            return standing;
        }
    }

    /// <summary>Moves events out of the reader's queue; false when it is empty.</summary>
    public bool TakeLatest(TopicReader reader, int maxEvents, long maxBytes, List<LogEvent> into)
    {
        lock (gate)
            return reader.Latest!.Take(maxEvents, maxBytes, into);
    }

    private static bool TryQueue(TopicReader reader, LogEvent e)
    {
        if (!reader.Latest!.TryAdd(e))
            return false;
        reader.ReadTo = e.Position;
        return true;
    }

    private Standing Stand(Position place, int verifiedIn)
    {
        if (!known || (place.Offset == position.Offset && place.Epoch == position.Epoch && Position.Agree(place.Link, position.Link)))
            return Standing.Wait;
        if (recent.Connects(place))
            return Standing.Live;
        // It read further than what came live: what came connects to what it read as long as no reset says otherwise.
        return place.Epoch == position.Epoch && place.Offset > position.Offset && verifiedIn == generation ? Standing.Wait : Standing.Behind;
    }

    private void Hold(LogEvent e)
    {
        if (held.Count >= options.RecentEvents || heldBytes + e.Size > options.RecentBytes)
        {
            held.Clear();
            heldBytes = 0;
            missed = true;
            return;
        }

        held.Add(e);
        heldBytes += e.Size;
    }

    private bool TryAccept(LogEvent e)
    {
        if (position.IsBefore(e))
        {
            Push(e);
            inLog = position;
            return true;
        }

        if (inLog.IsOf(e.Epoch) && e.Offset > inLog.Offset && e.Offset <= position.Offset)
            inLog = e.Position;
        // At least once is what comes: a repeat is dropped, but only if it is the event that was seen.
        return e.Epoch == position.Epoch
            && (e.Offset == position.Offset
                ? Position.Agree(e.Id, position.Link)
                : e.Offset < position.Offset && (recent.Find(e.Offset) is not { } seen || seen.Id == e.Id));
    }

    private void Push(LogEvent e)
    {
        position = e.Position;
        confirmedHead = null;
        recent.Add(e);
        shared = null;
        foreach (var reader in readers)
        {
            // What does not fit is read from the log once there is room.
            if (reader.Attached)
                reader.Attached = TryQueue(reader, e);
        }

        WakeReaders();
    }

    private void Rebase(Position head)
    {
        position = head;
        confirmedHead = null;
        readTo = null;
        generation++;
        recent.Clear();
        shared = null;
        foreach (var reader in readers)
            reader.Attached = false;
        WakeReaders();
    }

    private void WakeReaders() => WakeUp.All(readers);
}
