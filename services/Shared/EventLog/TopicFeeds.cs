using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.EventLog;

/// <summary>
/// The topics that this process follows, counted by reference. Subscribing and unsubscribing a channel go through one gate (one of
/// 16, by topic): the Redis client loses subscriptions when the two run at once.
/// </summary>
internal sealed class TopicFeeds : IAsyncDisposable
{
    private readonly RedisConnection redis;
    private readonly PageReader pages;
    private readonly ILogger<TopicFeed> logger;
    private readonly SemaphoreSlim[] gates = [.. Enumerable.Range(0, 16).Select(_ => new SemaphoreSlim(1))];
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private bool disposed;

    public TopicFeeds(
        RedisConnection redis, PageReader pages, EventLogMetrics metrics, IOptions<EventLogOptions> options, TimeProvider time, ILogger<TopicFeed> logger)
    {
        (this.redis, this.pages, this.logger) = (redis, pages, logger);
        (Options, Metrics, Time) = (options.Value, metrics, time);
        metrics.Depth = () => Snapshot().Sum(feed => feed.State.Depth);
    }

    public EventLogOptions Options { get; }

    public EventLogMetrics Metrics { get; }

    public TimeProvider Time { get; }

    /// <summary>The topic's feed, started if it was not followed. <see cref="ReleaseAsync"/> it once.</summary>
    public TopicFeed Acquire(string topic)
    {
        Entry entry;
        lock (entries)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (entries.TryGetValue(topic, out var known))
            {
                known.References++;
                return known.Feed;
            }

            entry = new Entry(new TopicFeed(topic, Options, gates[Cursor.HashOf(topic) % (ulong)gates.Length], redis, pages, Metrics, Time, logger));
            entries.Add(topic, entry);
            // Within the lock, so that nobody closes it before it runs; it only begins to connect here.
            entry.Feed.Start();
        }

        return entry.Feed;
    }

    public async ValueTask ReleaseAsync(FollowedTopic topic)
    {
        Entry? entry;
        lock (entries)
        {
            if (!entries.TryGetValue(topic.Name, out entry) || entry.Feed != topic)
                return;
            entry.References--;
            entry.IdleSince = Time.GetTimestamp();
            if (entry.References > 0 || Options.TopicLinger > TimeSpan.Zero)
                return;
            entries.Remove(topic.Name);
        }

        await entry.Feed.DisposeAsync();
    }

    /// <summary>Closes topics that nobody has followed for the time they linger.</summary>
    public async Task CloseIdleAsync()
    {
        List<TopicFeed> idle = [];
        lock (entries)
        {
            foreach (var (topic, entry) in entries)
            {
                if (entry.References == 0 && Time.GetElapsedTime(entry.IdleSince) >= Options.TopicLinger)
                    idle.Add(entry.Feed);
            }

            foreach (var feed in idle)
                entries.Remove(feed.Name);
        }

        await Task.WhenAll(idle.Select(feed => feed.DisposeAsync().AsTask()));
    }

    public TopicFeed[] Snapshot()
    {
        lock (entries)
            return [.. entries.Values.Select(e => e.Feed)];
    }

    /// <summary>How many have acquired the topic.</summary>
    public int ReadersOf(string topic)
    {
        lock (entries)
            return entries.TryGetValue(topic, out var entry) ? entry.References : 0;
    }

    public async ValueTask DisposeAsync()
    {
        TopicFeed[] feeds;
        lock (entries)
        {
            disposed = true;
            feeds = [.. entries.Values.Select(e => e.Feed)];
            entries.Clear();
        }

        await Task.WhenAll(feeds.Select(f => f.DisposeAsync().AsTask()));
        foreach (var gate in gates)
            gate.Dispose();
    }

    private sealed class Entry(TopicFeed feed)
    {
        public TopicFeed Feed => feed;

        public int References { get; set; } = 1;

        public long IdleSince { get; set; }
    }
}
