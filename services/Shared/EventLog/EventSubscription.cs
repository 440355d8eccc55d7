namespace Microservices.EventLog;

/// <summary>
/// A subscriber's view of one or several topics: enumerate it to receive. It is pulled: while nobody asks, it holds no event of its
/// own (LATEST: the newest per key, bounded), so a slow reader costs nothing and loses nothing. One enumeration at a time; a later
/// one goes on where the last ended. The enumeration ends when the log is shut down with its process. Dispose to end it for good.
/// </summary>
public sealed class EventSubscription : IAsyncEnumerable<SubscriptionItem>, IAsyncDisposable
{
    private readonly TopicFeeds feeds;
    private readonly EventLogOptions options;
    private readonly EventLogMetrics metrics;
    private readonly TimeProvider time;
    private readonly AsyncSignal wake = new();
    private readonly CancellationTokenSource closing = new();
    private readonly TopicReader[] readers;
    private readonly ulong[] hashes;
    private readonly List<LogEvent> taken = [];
    private CursorEntry[] places = [];
    private int turn;
    private int enumerating;
    private bool started;
    private int disposed;

    internal EventSubscription(
        TopicFeeds feeds, IReadOnlyList<string> topics, Cursor? from, Delivery delivery, EventLogOptions options, EventLogMetrics metrics, TimeProvider time)
    {
        this.feeds = feeds;
        this.options = options;
        this.metrics = metrics;
        this.time = time;
        hashes = [.. topics.Select(Cursor.HashOf)];
        readers = [.. topics.Select(Follow)];
        metrics.Add(this);

        TopicReader Follow(string topic)
        {
            Position? start = from is null ? null : from.TryGet(topic, out var place) ? place : Position.Earliest;
            var reader = new TopicReader(feeds.Acquire(topic), start, delivery == Delivery.Latest ? new LatestQueue(options.LatestKeys) : null, wake, closing.Token);
            reader.Feed.State.Add(reader);
            return reader;
        }
    }

    /// <summary>The place after the last item handed out; <see cref="Cursor.Earliest"/> before the first.</summary>
    public Cursor Cursor { get; private set; } = Cursor.Earliest;

    /// <summary>About how many events wait to be taken.</summary>
    internal long Depth => readers.Sum(r => r.Depth);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is being enumerated already.</exception>
    public async IAsyncEnumerator<SubscriptionItem> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref enumerating, 1) == 1)
            throw new InvalidOperationException("A subscription is enumerated once at a time.");
        await using var cancelling = cancellationToken.UnsafeRegister(static wake => ((AsyncSignal)wake!).Set(), wake);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Next() is { } item)
                {
                    Cursor = item.Cursor;
                    yield return item;
                }
                else if (disposed == 1 || Array.Exists(readers, r => r.Feed.IsClosed))
                {
                    yield break;
                }
                else
                {
                    await wake.WaitAsync();
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
        metrics.Remove(this);
        await closing.CancelAsync();
        wake.Set();
        foreach (var reader in readers)
        {
            reader.Feed.State.Remove(reader);
            await reader.CloseAsync();
            await feeds.ReleaseAsync(reader.Feed);
        }

        closing.Dispose();
    }

    private SubscriptionItem? Next()
    {
        if (!started)
        {
            // Each is asked, so that they read side by side.
            var unresolved = readers.Count(r => !r.TryResolve());
            started = unresolved == 0;
            return started ? new Subscribed(new Cursor(places = Places()), Array.TrueForAll(readers, r => r.Refusal is null)) : null;
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
        metrics.Reset(reason);
        return new StreamReset(reader.Feed.Topic, reason, new Cursor(places = Places()));
    }

    private EventBatch? TakeEvents()
    {
        if (readers.Length == 1 && readers[0].TakeShared(hashes[0]) is ({ } shared, var first))
        {
            metrics.Delivered(shared.Events.Count);
            if (first)
                metrics.Lag(time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(shared.Events[0].AppendedAtMs));
            places = shared.After;
            return shared;
        }

        taken.Clear();
        var oldest = long.MaxValue;
        // Another topic is first each time, so that a busy one does not starve the others.
        turn = (turn + 1) % readers.Length;
        long bytes = 0;
        for (var i = 0; i < readers.Length && taken.Count < options.BatchEvents && bytes < options.BatchBytes; i++)
        {
            var from = taken.Count;
            var (live, dropped) = readers[(turn + i) % readers.Length].Take(options.BatchEvents - taken.Count, options.BatchBytes - bytes, taken);
            if (dropped > 0)
                metrics.Conflated(dropped);
            if (live && taken.Count > from)
                oldest = Math.Min(oldest, taken[from].AppendedAtMs);
            for (; from < taken.Count; from++)
                bytes += taken[from].Size;
        }

        if (taken.Count == 0)
            return null;
        metrics.Delivered(taken.Count);
        if (oldest != long.MaxValue)
            metrics.Lag(time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(oldest));
        var before = places;
        return new EventBatch([.. taken], before, places = Places());
    }

    private CursorEntry[] Places()
    {
        var entries = new CursorEntry[readers.Length];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = new CursorEntry(hashes[i], readers[i].Position);
        return entries;
    }
}
