namespace Microservices.EventLog;

/// <summary>
/// One subscriber's place in one topic. It holds no events but at most one page that was read for it. Used by the subscriber alone,
/// except for what the topic's lock guards: <see cref="Attached"/> and <see cref="Latest"/>.
/// </summary>
internal sealed class TopicReader(TopicFeed feed, Position? start, LatestQueue? latest, AsyncSignal wake, CancellationToken closing)
{
    private bool resolved;
    private bool fetching;
    private volatile FetchedPage? fetched;
    private long reported;
    private Task fetch = Task.CompletedTask;

    public TopicFeed Feed => feed;

    public LatestQueue? Latest => latest;

    /// <summary>Live events go to <see cref="Latest"/>.</summary>
    public bool Attached { get; set; }

    public Position Position { get; private set; } = start ?? Position.Start;

    /// <summary>The topic's generation in which the place was last found to be part of it.</summary>
    public int VerifiedIn { get; private set; } = -1;

    /// <summary>The page that says that the place does not connect; null when there is none.</summary>
    public LogPage? Refusal => Fetched is { Page.Status: not ReadStatus.Ok } refused ? refused.Page : null;

    public long Depth => Attached ? latest!.Count : resolved ? Math.Max(0, (feed.State.Newest?.Offset ?? 0) - Position.Offset) : 0;

    private FetchedPage? Fetched => fetching ? fetched : null;

    public void Wake() => wake.Set();

    /// <summary>Whether it is known where the reader starts and whether that connects.</summary>
    public bool TryResolve()
    {
        if (resolved)
            return true;
        if (feed.State.Newest is not { } newest)
            return false;

        if (start is null)
        {
            Position = newest;
            return resolved = true;
        }

        if (fetching)
            return resolved = Fetched is not null; // Taken, or refused, later.
        if (feed.State.StandingOf(Position, VerifiedIn) != Standing.Behind)
            return resolved = true;
        BeginFetch();
        return false;
    }

    /// <summary>Goes on after a refusal.</summary>
    public LogPage Reset()
    {
        var page = Refusal!;
        Position = page.AfterReset;
        EndFetch();
        return page;
    }

    /// <summary>Adds the next events, if there are; begins to read them if they are not in memory.</summary>
    /// <returns>Whether they are live, and how many were dropped for newer ones of their key.</returns>
    public (bool Live, long Dropped) Take(int maxEvents, long maxBytes, List<LogEvent> into)
    {
        if (fetching)
        {
            if (Fetched is not { Page: { Status: ReadStatus.Ok } page })
                return default;
            Position = page.End;
            EndFetch();
            if (page.Events.Count > 0)
            {
                var kept = latest is null ? page.Events : LatestQueue.Conflate(page.Events);
                into.AddRange(kept);
                return (false, page.Events.Count - kept.Count);
            }
        }

        switch (feed.State.Take(this, maxEvents, maxBytes, into))
        {
            case Standing.Behind:
                BeginFetch();
                break;
            case Standing.Live:
                Position = into[^1].Position;
                break;
        }

        var dropped = (latest?.Dropped ?? 0) - reported;
        reported += dropped;
        return (true, dropped);
    }

    /// <summary>Observes the read that may be under way.</summary>
    public Task CloseAsync() => fetch;

    private void BeginFetch()
    {
        fetching = true;
        fetched = null;
        fetch = FetchAsync();
    }

    private void EndFetch()
    {
        VerifiedIn = fetched!.Generation;
        fetching = false;
        fetched = null;
    }

    private async Task FetchAsync()
    {
        try
        {
            fetched = await feed.FetchAsync(Position).WaitAsync(closing);
        }
        catch (OperationCanceledException)
        {
            // The subscription or the topic was closed; the subscriber sees that by itself.
        }
        finally
        {
            wake.Set();
        }
    }
}
