namespace Microservices.EventLog;

/// <summary>
/// One subscriber's place in one topic. It holds no events but at most one page that was read for it. Used by the subscriber alone,
/// except that while it is <see cref="Attached"/> the topic's lock guards <see cref="Latest"/> and <see cref="ReadTo"/>.
/// </summary>
internal sealed class TopicReader(TopicFeed feed, ulong topicHash, Position? start, LatestQueue? latest, SingleWaiterAutoResetEvent wake)
{
    private readonly bool fromNewest = start is null;
    private bool resolved;
    private bool closed;
    private Fetch? fetch;

    public TopicFeed Feed => feed;

    /// <summary>Stands for the topic in cursors.</summary>
    public ulong TopicHash => topicHash;

    public LatestQueue? Latest => latest;

    /// <summary>Live events go to <see cref="Latest"/>.</summary>
    public bool Attached { get; set; }

    /// <summary>The place after the last event handed out.</summary>
    public Position Position { get; private set; } = start ?? Position.Start;

    /// <summary>The place after the last event taken in: that of <see cref="Position"/>, or with <see cref="Latest"/> further.</summary>
    public Position ReadTo { get; set; } = start ?? Position.Start;

    /// <summary>The topic's generation in which the place was last found to be part of it.</summary>
    public int VerifiedIn { get; private set; } = -1;

    /// <summary>The page that says that the place does not connect; null when there is none.</summary>
    public LogPage? Refusal => fetch?.Page is { Page.Status: not ReadStatus.Ok } refused ? refused.Page : null;

    /// <summary>Set when there may be something to take.</summary>
    public SingleWaiterAutoResetEvent Wake => wake;

    /// <summary>About how many events it has still to take of a topic that ends there.</summary>
    public long DepthBefore(long newestOffset) => latest is not null ? latest.Count : resolved ? Math.Max(0, newestOffset - Position.Offset) : 0;

    /// <summary>Whether it is known where the reader starts and whether that connects.</summary>
    public bool TryResolve()
    {
        if (resolved)
            return true;
        if (feed.State.Newest is not { } newest)
            return false;

        if (fromNewest)
        {
            Position = ReadTo = newest;
            return resolved = TryAttach();
        }

        if (fetch is not null)
            return resolved = fetch.Page is not null; // Taken, or refused, later.
        if (feed.State.StandingOf(ReadTo, VerifiedIn) != Standing.Behind)
            return resolved = TryAttach();
        BeginFetch();
        return false;
    }

    /// <summary>Goes on after a refusal.</summary>
    public LogPage Reset()
    {
        var page = Refusal!;
        Position = ReadTo = page.AfterReset;
        latest?.Clear();
        EndFetch();
        return page;
    }

    /// <summary>The next events as one batch for all readers that are at this place; null when they are not in memory, or conflated.</summary>
    /// <returns>The batch, and whether nobody took it before.</returns>
    public (EventBatch? Batch, bool First) TakeShared()
    {
        if (fetch is not null || latest is not null)
            return default;
        var taken = feed.State.TakeBatch(ReadTo, VerifiedIn, topicHash);
        if (taken.Batch is { } batch)
            Position = ReadTo = batch.Events[^1].Position;
        return taken;
    }

    /// <summary>Adds the next events, if there are; begins to read them if they are not in memory.</summary>
    /// <returns>Whether they are live, and how many were dropped for newer ones of their key.</returns>
    public (bool Live, long Dropped) Take(int maxEvents, long maxBytes, List<LogEvent> into)
    {
        if (fetch is not null && fetch.Page is not { Page.Status: ReadStatus.Ok })
            return default;
        return latest is null ? (TakeLossless(maxEvents, maxBytes, into), 0) : TakeLatest(latest, maxEvents, maxBytes, into);
    }

    /// <summary>Ends the read that may be under way, and any that begins after all.</summary>
    public async Task CloseAsync()
    {
        closed = true;
        Interlocked.MemoryBarrier();
        if (fetch is { } current)
            await current.CancelAsync();
    }

    private bool TakeLossless(int maxEvents, long maxBytes, List<LogEvent> into)
    {
        if (fetch?.Page is { Page: var page })
        {
            into.AddRange(page.Events);
            Position = ReadTo = page.End;
            EndFetch();
            if (page.Events.Count > 0)
                return false;
        }

        switch (feed.State.Take(ReadTo, VerifiedIn, maxEvents, maxBytes, into))
        {
            case Standing.Behind:
                BeginFetch();
                break;
            case Standing.Live:
                Position = ReadTo = into[^1].Position;
                break;
        }

        return true;
    }

    // Nothing is handed out before all that there is was conflated, or as many keys as may be held: else a slow reader that
    // starts far behind would stay there.
    private (bool Live, long Dropped) TakeLatest(LatestQueue queue, int maxEvents, long maxBytes, List<LogEvent> into)
    {
        if (fetch?.Page is { Page: var page })
        {
            foreach (var e in page.Events)
            {
                if (!queue.TryAdd(e))
                    break;
                ReadTo = e.Position;
            }

            if (page.Events.Count == 0)
                ReadTo = page.End;
            EndFetch();
        }

        if (feed.State.Attach(this) == Standing.Behind && !queue.IsFull)
        {
            BeginFetch();
            return default;
        }

        if (feed.State.TakeLatest(this, maxEvents, maxBytes, into))
            Position = into[^1].Position;
        return (Attached, queue.TakeDropped());
    }

    // From the start, not from the first time that it is asked: a slow reader's events are conflated before it reads them.
    private bool TryAttach()
    {
        if (latest is not null)
            feed.State.Attach(this);
        return true;
    }

    private void BeginFetch()
    {
        fetch = new Fetch(feed, ReadTo, wake);
        Interlocked.MemoryBarrier();
        if (closed)
            _ = fetch.CancelAsync();
    }

    private void EndFetch()
    {
        VerifiedIn = fetch!.Page!.Generation;
        fetch = null;
    }

    /// <summary>A read of a page for one reader, who is woken at its end. Apart from the reader, since most readers never need one.</summary>
    private sealed class Fetch
    {
        private readonly TaskCompletionSource over = new();
        private readonly Task running;
        private volatile FetchedPage? page;

        public Fetch(TopicFeed feed, Position after, SingleWaiterAutoResetEvent wake) => running = RunAsync(feed, after, wake);

        /// <summary>What was read; null until then.</summary>
        public FetchedPage? Page => page;

        /// <summary>Returns when it has ended, without a page if it had none yet. The read goes on for others that asked for it.</summary>
        public Task CancelAsync()
        {
            over.TrySetResult();
            return running;
        }

        private async Task RunAsync(TopicFeed feed, Position after, SingleWaiterAutoResetEvent wake)
        {
            try
            {
                var read = feed.FetchAsync(after);
                if (await Task.WhenAny(read, over.Task) == read)
                    page = await read;
            }
            catch (OperationCanceledException)
            {
                // The topic was closed; the subscriber sees that by itself.
            }
            finally
            {
                wake.Set();
            }
        }
    }
}
