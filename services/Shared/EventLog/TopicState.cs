namespace Microservices.EventLog;

/// <summary>
/// What a process knows of a followed topic: its newest end, and the local readers that take events from it, each at its own place.
/// Thread-safe, one lock; nothing in it waits.
/// </summary>
internal sealed class TopicState
{
    private readonly Lock gate = new();
    private readonly TopicReaders readers = new();
    private readonly EventLogOptions options;
    private readonly TopicTail tail;
    private EventBatch? shared;
    private Position sharedAfter;
    private long sharedVersion;

    /// <param name="options">The bounds of what is kept.</param>
    /// <param name="hasHistory">Whether what Redis loses of the topic is kept elsewhere.</param>
    public TopicState(EventLogOptions options, bool hasHistory)
    {
        this.options = options;
        tail = new(gate, readers, options, hasHistory);
    }

    /// <summary>The place after the newest event; null as long as the topic was never read.</summary>
    public Position? Newest
    {
        get
        {
            lock (gate)
                return tail.Newest;
        }
    }

    /// <inheritdoc cref="TopicTail.KnownEnd"/>
    public KnownEnd? KnownEnd
    {
        get
        {
            lock (gate)
                return tail.KnownEnd;
        }
    }

    /// <inheritdoc cref="TopicTail.Generation"/>
    public int Generation
    {
        get
        {
            lock (gate)
                return tail.Generation;
        }
    }

    /// <summary>About how many events wait to be taken by the readers.</summary>
    public long Depth
    {
        get
        {
            lock (gate)
                return tail.Newest is { } newest ? readers.DepthBefore(newest.Offset) : 0;
        }
    }

    /// <summary>How far one of the readers has come; it may be reading meanwhile.</summary>
    public SubscriptionPlace PlaceOf(TopicReader reader)
    {
        lock (gate)
        {
            var head = tail.Newest?.Offset ?? 0;
            return new(reader.Topic.Name, Math.Max(0, reader.Position.Offset), head, reader.DepthBefore(head));
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
            readers.Wake();
    }

    /// <inheritdoc cref="TopicTail.Initialize"/>
    public void Initialize(Position head)
    {
        lock (gate)
            tail.Initialize(head);
    }

    /// <inheritdoc cref="TopicTail.Offer"/>
    public bool Offer(LogEvent e)
    {
        lock (gate)
            return tail.Offer(e);
    }

    /// <inheritdoc cref="TopicTail.BeginRead"/>
    public Position BeginRead()
    {
        lock (gate)
            return tail.BeginRead();
    }

    /// <inheritdoc cref="TopicTail.Absorb"/>
    public (int Added, bool IsLive) Absorb(LogPage page)
    {
        lock (gate)
            return tail.Absorb(page);
    }

    /// <inheritdoc cref="TopicTail.Compare"/>
    public HeadCheck Compare(Position head, KnownEnd asked)
    {
        lock (gate)
            return tail.Compare(head, asked);
    }

    /// <inheritdoc cref="TopicTail.PositionOf"/>
    public ReaderPosition PositionOf(Position place, int verifiedIn)
    {
        lock (gate)
            return tail.PositionOf(place, verifiedIn);
    }

    /// <summary>Adds what follows the place, within the bounds and as far as it is in memory.</summary>
    public ReaderPosition Take(Position place, int verifiedIn, int maxEvents, long maxBytes, List<LogEvent> into)
    {
        lock (gate)
        {
            var position = tail.PositionOf(place, verifiedIn);
            if (position == ReaderPosition.InMemory)
                tail.Recent.CopyAfter(place, maxEvents, maxBytes, into);
            return position;
        }
    }

    /// <summary>What follows the place, as far as it is in memory and a batch may hold: one instance for all that ask at that place.</summary>
    /// <returns>The batch, null when nothing that follows is in memory, and whether it is the first time that it is taken.</returns>
    public (EventBatch? Batch, bool First) TakeBatch(Position place, int verifiedIn, ulong topicHash)
    {
        lock (gate)
        {
            if (shared is not null && place == sharedAfter && sharedVersion == tail.Version)
                return (shared, false);
            if (tail.PositionOf(place, verifiedIn) != ReaderPosition.InMemory)
                return default;
            var events = new List<LogEvent>();
            tail.Recent.CopyAfter(place, options.BatchEvents, options.BatchBytes, events);
            shared = new([.. events], new([new(topicHash, events[^1].Position)]));
            (sharedAfter, sharedVersion) = (place, tail.Version);
            return (shared, true);
        }
    }

    /// <summary>From now on live events go to the reader's queue, if that connects and has room for what it has not taken in yet.</summary>
    public ReaderPosition Attach(LatestReader reader)
    {
        lock (gate)
        {
            if (reader.IsAttached || !tail.IsKnown)
                return ReaderPosition.CaughtUp;
            // A reader ahead of what came live must not be given it again.
            if (tail.PositionOf(reader.ReadTo, reader.VerifiedIn) is var position && (position == ReaderPosition.Behind || tail.IsAhead(reader.ReadTo)))
                return position;

            var missing = new List<LogEvent>();
            tail.Recent.CopyAfter(reader.ReadTo, int.MaxValue, long.MaxValue, missing);
            reader.IsAttached = missing.TrueForAll(reader.TryQueue);
            return position;
        }
    }

    /// <summary>Moves events out of the reader's queue; false when it is empty.</summary>
    public bool TakeLatest(LatestReader reader, int maxEvents, long maxBytes, List<LogEvent> into)
    {
        lock (gate)
            return reader.Queue.Take(maxEvents, maxBytes, into);
    }
}
