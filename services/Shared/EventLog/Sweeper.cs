using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.EventLog;

/// <summary>
/// Compares every followed topic with Redis, a few hundred in one call: on a timer, so that a lost last event is noticed, and at once after
/// a connection came back. Where Redis may have lost writes the histories are asked as well, since a promoted replica may lack what was
/// committed. While the connection for publications is away it asks often, in place of them.
/// </summary>
internal sealed partial class Sweeper : IDisposable
{
    // A script for so many topics keeps other clients of Redis waiting for about 0.2 ms.
    private const int CallLength = 256;
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(10);

    private readonly RedisConnection redis;
    private readonly LogReader log;
    private readonly TopicFeeds feeds;
    private readonly EventLogOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<Sweeper> logger;
    private readonly Alarm early;
    private readonly Dictionary<TopicFeed, int> missedSweeps = [];
    private readonly Outage outage;
    private int writesMayBeLost;

    public Sweeper(RedisConnection redis, LogReader log, TopicFeeds feeds, IOptions<EventLogOptions> options, TimeProvider time, ILogger<Sweeper> logger)
    {
        (this.redis, this.log, this.feeds, this.options, this.time, this.logger) = (redis, log, feeds, options.Value, time, logger);
        (early, outage) = (new(time), new(time));
        redis.Restored += SweepSoon;
    }

    private TimeSpan Interval
    {
        get
        {
            // While publications do not arrive, Redis is asked in place of them.
            var interval = redis.MayMissPublications && options.CheckInterval > options.CheckGrace ? options.CheckGrace : options.CheckInterval;
            return interval < MinInterval ? MinInterval : interval;
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var closing = Task.CompletedTask;
        while (true)
        {
            await early.WaitAsync(Interval, cancellationToken);
            var restored = redis.IsConnected && Interlocked.Exchange(ref writesMayBeLost, 0) == 1;
            try
            {
                if (redis.IsConnected)
                    await SweepAsync(restored, cancellationToken);
                outage.End();
                // On a half-dead connection this takes its time, and lost events are to be noticed meanwhile.
                if (closing.IsCompleted)
                {
                    await closing;
                    closing = feeds.CloseIdleAsync();
                }
            }
            catch (Exception e) when (RedisErrors.IsUnavailable(e))
            {
                if (outage.Begin())
                    LogNotSwept(RedisErrors.CauseOf(e));
            }
        }
    }

    public void Dispose() => redis.Restored -= SweepSoon;

    private void SweepSoon(bool lost)
    {
        if (lost)
            Volatile.Write(ref writesMayBeLost, 1);
        early.Wake();
    }

    private async Task SweepAsync(bool restored, CancellationToken cancellationToken)
    {
        var all = feeds.Snapshot();
        if (restored)
        {
            foreach (var feed in all)
                feed.RequestCatchUp(withHistory: true);
            return;
        }

        var suspects = new List<(TopicFeed Feed, Position Head, HeadCheck Check)>();
        foreach (var some in all.Chunk(CallLength))
        {
            var asked = Array.ConvertAll(some, f => f.State.KnownEnd);
            var heads = await log.ReadHeadsAsync(some, asked, cancellationToken);
            for (var i = 0; i < some.Length; i++)
            {
                if (asked[i] is { } known && heads[i] is { } head && some[i].State.Compare(head, known) is not HeadCheck.Same and var check)
                    suspects.Add((some[i], head, check));
            }
        }

        if (suspects.Count > 0 && !redis.MayMissPublications)
        {
            // A publication may still be on its way.
            await Task.Delay(options.CheckGrace, time, cancellationToken);
            suspects.RemoveAll(s => s.Check == HeadCheck.Missing && s.Feed.State.Newest is { } now && now.IsOf(s.Head.Epoch) && now.Offset >= s.Head.Offset);
        }

        Repair(suspects, all);
    }

    private void Repair(List<(TopicFeed Feed, Position Head, HeadCheck Check)> suspects, TopicFeed[] all)
    {
        // Where one topic lost writes others may have, too: every history may have more than Redis.
        if (suspects.Exists(s => s.Check == HeadCheck.LostWrites))
        {
            LogLostWrites(suspects.Count);
            foreach (var feed in all)
                feed.RequestCatchUp(withHistory: true);
        }

        // Redis may forget one quiet topic without forgetting others; when it has none of them any more, it was emptied.
        var gone = suspects.Where(s => s.Check == HeadCheck.Gone).Select(s => s.Feed).ToList();
        var emptied = gone.Count > 0 && gone.Count == all.Count(feed => feed.State.KnownEnd is { InLog.Offset: > 0 });
        foreach (var feed in emptied ? all : gone.AsEnumerable())
            feed.RequestCatchUp(withHistory: true);

        var missing = suspects.Where(s => s.Check != HeadCheck.Gone).Select(s => s.Feed).ToHashSet();
        foreach (var feed in missedSweeps.Keys.Where(f => !missing.Contains(f)).ToArray())
            missedSweeps.Remove(feed);
        foreach (var feed in missing)
        {
            var times = missedSweeps[feed] = missedSweeps.GetValueOrDefault(feed) + 1;
            // Missing twice in a row: not one event was lost, but nothing is delivered.
            if (times > 1 && !redis.MayMissPublications)
            {
                LogNoPublications(feed.Name);
                feed.RequestResubscribe();
                missedSweeps.Remove(feed);
            }
            else
            {
                feed.RequestCatchUp();
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Redis does not answer the comparison with the followed topics: {Cause}")]
    private partial void LogNotSwept(string cause);

    [LoggerMessage(2, LogLevel.Warning, "Redis has lost writes: {Topics} followed topics differ; the histories are asked")]
    private partial void LogLostWrites(int topics);

    [LoggerMessage(3, LogLevel.Warning, "Topic {Topic}: publications do not arrive; subscribing to its channel again")]
    private partial void LogNoPublications(string topic);
}
