namespace Microservices.EventLog;

/// <summary>Reads the page after a place, trying until it succeeds; if so asked, also what a history has beyond the end of the log.</summary>
/// <exception cref="OperationCanceledException">The topic was closed.</exception>
internal delegate Task<LogPage> ReadPage(Position after, bool beyondLog, CancellationToken cancellationToken);

/// <summary>A page, and the generation of the topic that it was read in.</summary>
internal sealed record FetchedPage(LogPage Page, int Generation);

/// <summary>The reads for those readers of a topic that catch up: all that ask for the same place at a time share one. Thread-safe.</summary>
internal sealed class PageFetches(TopicState state, ReadPage read, Action catchUpWithHistory, TimeSpan retryDelay, TimeProvider time)
{
    private readonly Dictionary<Position, Task<FetchedPage>> open = [];

    public Task<FetchedPage> FetchAsync(Position after, CancellationToken cancellationToken)
    {
        lock (open)
        {
            if (!open.TryGetValue(after, out var fetch))
            {
                fetch = FetchOnceAsync(after, cancellationToken);
                open.Add(after, fetch);
            }

            return fetch;
        }
    }

    /// <summary>Those that are under way.</summary>
    public Task<FetchedPage>[] Open
    {
        get
        {
            lock (open)
                return [.. open.Values];
        }
    }

    private async Task<FetchedPage> FetchOnceAsync(Position after, CancellationToken cancellationToken)
    {
        // Not within the caller's lock, and removed only after it was added.
        await Task.Yield();
        try
        {
            var generation = state.Generation;
            var page = await read(after, beyondLog: false, cancellationToken);
            if (page.Status != ReadStatus.Ok || page.Events.Count > 0 || state.PositionOf(page.End, generation) != ReaderPosition.Behind)
                return new(page, generation);

            // The log ends where it was asked for, but the topic is elsewhere: Redis lost writes, and nobody has noticed yet.
            catchUpWithHistory();
            page = await read(after, beyondLog: true, cancellationToken);
            if (page.Status == ReadStatus.Ok && page.Events.Count == 0)
                await Task.Delay(retryDelay, time, cancellationToken);
            return new(page, generation);
        }
        finally
        {
            lock (open)
                open.Remove(after);
        }
    }
}
