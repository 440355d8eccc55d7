namespace Microservices.EventLog;

/// <summary>
/// A subscriber's view of one or several topics: enumerate it to receive. It is pulled: while nobody asks, it holds no event of its
/// own (LATEST: the newest per key, bounded), so a slow reader costs nothing and loses nothing. In each topic it first catches up, and then
/// is live; when it falls behind it catches up again. One enumeration at a time; a later one goes on where the last ended. The enumeration
/// ends when the log is shut down with its process. Dispose to end it for good. <see cref="TryRead"/> and <see cref="WaitToReadAsync"/> do
/// the same with nothing in between, for a process with thousands of them.
/// </summary>
public sealed class EventSubscription : IAsyncEnumerable<SubscriptionItem>, IAsyncDisposable
{
    private readonly TopicFeeds feeds;
    private readonly SingleWaiterAutoResetEvent wake = new();
    private readonly TopicReader[] readers;
    private int turn;
    private int enumerating;
    private bool started;
    private volatile bool cancelled;
    private int disposed;

    internal EventSubscription(TopicFeeds feeds, IReadOnlyList<string> topics, Cursor? from, Delivery delivery)
    {
        this.feeds = feeds;
        readers = [.. topics.Select(Follow)];
        feeds.Metrics.Subscriptions(1);

        TopicReader Follow(string topic)
        {
            Position? start = from is null ? null : from.TryGet(topic, out var place) ? place : Position.Earliest;
            var followed = feeds.Acquire(topic);
            TopicReader reader = delivery == Delivery.Latest
                ? new LatestReader(followed, Cursor.HashOf(topic), start, Options.LatestKeys, wake)
                : new LosslessReader(followed, Cursor.HashOf(topic), start, wake);
            followed.State.Add(reader);
            return reader;
        }
    }

    /// <summary>The place after the last item handed out; <see cref="Cursor.Earliest"/> before the first.</summary>
    public Cursor Cursor => started ? Place() : Cursor.Earliest;

    /// <summary>How far it has come in each of its topics. Thread-safe; good also when it has ended.</summary>
    public IEnumerable<SubscriptionPlace> Places => readers.Select(static reader => reader.Topic.State.PlaceOf(reader));

    private EventLogOptions Options => feeds.Options;

    private EventLogMetrics Metrics => feeds.Metrics;

    private bool HasEnded => cancelled || Array.Exists(readers, static r => r.Topic.IsClosed);

    /// <summary>The next item; null when there is none now. Not while it is enumerated, nor by several at a time.</summary>
    public SubscriptionItem? TryRead() => Next();

    /// <summary>
    /// Returns true when there may be an item to read; false when there will be none, since it was ended. By one at a time. What follows
    /// the wait runs on a thread that wakes up to 31 other readers of the same event after it: it must not block, nor compute for long.
    /// An enumeration has no such duty.
    /// </summary>
    public ValueTask<bool> WaitToReadAsync() => HasEnded ? new(false) : wake.WaitAsync();

    /// <summary>Ends a wait or an enumeration, now and from now on. Thread-safe. What it holds is held until it is disposed of.</summary>
    public void Cancel()
    {
        cancelled = true;
        wake.Set();
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is being enumerated already.</exception>
    public async IAsyncEnumerator<SubscriptionItem> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref enumerating, 1) == 1)
            throw new InvalidOperationException("A subscription is enumerated once at a time.");
        await using var cancelling = cancellationToken.UnsafeRegister(static wake => ((SingleWaiterAutoResetEvent)wake!).Set(), wake);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Next() is { } item)
                {
                    yield return item;
                }
                else if (await WaitToReadAsync())
                {
                    // Whatever its user does must not hold up the readers that are woken by the same thread.
                    await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                }
                else
                {
                    yield break;
                }
            }
        }
        finally
        {
            Volatile.Write(ref enumerating, 0);
        }
    }

    /// <summary>Ends the subscription, and an enumeration that waits.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1)
            return;
        Metrics.Subscriptions(-1);
        Cancel();
        foreach (var reader in readers)
        {
            reader.Topic.State.Remove(reader);
            await reader.CloseAsync();
            await feeds.ReleaseAsync(reader.Topic);
        }
    }

    private SubscriptionItem? Next()
    {
        if (!started)
        {
            // Each is asked, so that they catch up side by side.
            var waiting = readers.Count(r => !r.TryStart());
            started = waiting == 0;
            return started ? new Subscribed(Place(), Array.TrueForAll(readers, r => r.Refusal is null)) : null;
        }

        foreach (var reader in readers)
        {
            if (reader.Refusal is not null)
                return Reset(reader);
        }

        return TakeEvents();
    }

    private StreamReset Reset(TopicReader reader)
    {
        var reason = reader.Reset().Status switch
        {
            ReadStatus.Truncated => ResetReason.Truncated,
            ReadStatus.EpochChanged => ResetReason.EpochChanged,
            _ => ResetReason.Forked,
        };
        Metrics.Reset(reason);
        return new StreamReset(reader.Topic.Name, reason, Place());
    }

    private EventBatch? TakeEvents()
    {
        if (readers is [var only] && only.TakeShared() is ({ } shared, var first))
        {
            Metrics.Delivered(shared.Events.Count);
            if (first)
                Metrics.Lag(feeds.Time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(shared.Events[0].AppendedAtMs));
            return shared;
        }

        var taken = new List<LogEvent>();
        var oldest = long.MaxValue;
        // Another topic is first each time, so that a busy one does not starve the others.
        turn = (turn + 1) % readers.Length;
        long bytes = 0;
        for (var i = 0; i < readers.Length && taken.Count < Options.BatchEvents && bytes < Options.BatchBytes; i++)
        {
            var from = taken.Count;
            var (live, dropped) = readers[(turn + i) % readers.Length].Take(Options.BatchEvents - taken.Count, Options.BatchBytes - bytes, taken);
            if (dropped > 0)
                Metrics.Conflated(dropped);
            if (live && taken.Count > from)
                oldest = Math.Min(oldest, taken[from].AppendedAtMs);
            for (; from < taken.Count; from++)
                bytes += taken[from].Size;
        }

        if (taken.Count == 0)
            return null;
        Metrics.Delivered(taken.Count);
        if (oldest != long.MaxValue)
            Metrics.Lag(feeds.Time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(oldest));
        return new EventBatch([.. taken], Place());
    }

    private Cursor Place() => new(Array.ConvertAll(readers, static r => new CursorEntry(r.TopicHash, r.Position)));
}
