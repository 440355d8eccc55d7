namespace Microservices.EventLog;

/// <summary>
/// One subscriber's way through one topic, in two phases: it catches up, one page after the other read from the log or the history, until
/// what follows its place is in memory; then it is live, until it falls behind or its place turns out not to be part of the topic. It holds
/// no events but at most one page that was read for it. Used by the subscriber alone.
/// </summary>
internal abstract class TopicReader(FollowedTopic topic, ulong topicHash, Position? start, SingleWaiterAutoResetEvent wake)
{
    private readonly bool fromNewest = start is null;
    private bool closed;
    private PageFetch? fetch;

    public FollowedTopic Topic => topic;

    /// <summary>Stands for the topic in cursors.</summary>
    public ulong TopicHash => topicHash;

    /// <summary>Set when there may be something to take.</summary>
    public SingleWaiterAutoResetEvent Wake => wake;

    /// <summary>The place after the last event handed out.</summary>
    public Position Position { get; protected set; } = start ?? Position.Start;

    /// <summary>The topic's generation in which the place was last found to be part of it.</summary>
    public int VerifiedIn { get; private set; } = -1;

    /// <summary>Whether it is known where the reader starts and whether that is a place of the topic.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>The page that says that the reader's place is none of the topic; null when there is none. The reader goes on after <see cref="Reset"/>.</summary>
    public LogPage? Refusal => fetch?.Page is { Page.Status: not ReadStatus.Ok } refused ? refused.Page : null;

    /// <summary>Whether a page is read for it, or waits to be taken.</summary>
    protected bool IsCatchingUp => fetch is not null;

    /// <summary>The place after the last event taken in.</summary>
    protected abstract Position Reached { get; }

    /// <summary>About how many events it has still to take of a topic that ends there.</summary>
    public abstract long DepthBefore(long newestOffset);

    /// <summary>Begins, unless it has: where it was asked to, or at the topic's end.</summary>
    /// <returns>Whether it has started; when not, the subscriber is woken once that may have changed.</returns>
    public bool TryStart()
    {
        if (HasStarted)
            return true;
        if (topic.State.Newest is not { } newest)
            return false;
        if (fromNewest)
            MoveTo(newest);
        else if (IsCatchingUp)
            return HasStarted = fetch!.Page is not null; // Taken, or refused, later.
        else if (topic.State.PositionOf(Reached, VerifiedIn) == ReaderPosition.Behind)
            return BeginCatchUp();
        GoLive();
        return HasStarted = true;
    }

    /// <summary>Goes on after a refusal: after the page's place for that.</summary>
    public LogPage Reset()
    {
        var page = Refusal!;
        MoveTo(page.AfterReset);
        EndCatchUp();
        return page;
    }

    /// <summary>The next events as one batch for all readers that are at this place; null when they are not in memory, or conflated.</summary>
    /// <returns>The batch, and whether nobody took it before.</returns>
    public virtual (EventBatch? Batch, bool First) TakeShared() => default;

    /// <summary>Adds the next events, if there are; begins to catch up if they are not in memory.</summary>
    /// <returns>Whether they are live, and how many were dropped for newer ones of their key.</returns>
    public abstract (bool Live, long Dropped) Take(int maxEvents, long maxBytes, List<LogEvent> into);

    /// <summary>Ends the read that may be under way, and any that begins after all.</summary>
    public async Task CloseAsync()
    {
        closed = true;
        Interlocked.MemoryBarrier();
        if (fetch is { } current)
            await current.CancelAsync();
    }

    /// <summary>Goes to a place of the topic, with nothing taken in beyond it.</summary>
    protected abstract void MoveTo(Position place);

    /// <summary>It is where live events follow.</summary>
    protected virtual void GoLive()
    {
    }

    /// <summary>Begins to read the page after what was reached. Always false: nothing is there yet.</summary>
    protected bool BeginCatchUp()
    {
        fetch = new PageFetch(topic, Reached, wake);
        Interlocked.MemoryBarrier();
        if (closed)
            _ = fetch.CancelAsync();
        return false;
    }

    /// <summary>The page that was read, which ends the catching up for now. Null when there is none yet, or one that refuses.</summary>
    protected LogPage? TakePage()
    {
        if (fetch?.Page is not { Page: { Status: ReadStatus.Ok } page })
            return null;
        EndCatchUp();
        return page;
    }

    private void EndCatchUp()
    {
        VerifiedIn = fetch!.Page!.Generation;
        fetch = null;
    }
}
