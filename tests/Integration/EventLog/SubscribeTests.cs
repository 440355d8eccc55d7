using System.Diagnostics;
using Microservices.EventLog;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>What a subscriber is promised on every server: every event once, in order, or a reset that says why.</summary>
public sealed class SubscribeTests(SharedServers servers) : OnEveryServer(servers), IClassFixture<SharedServers>
{
    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_subscriber_whose_connection_is_cut_again_and_again_gets_every_event_once_in_order(Server on)
    {
        var topic = Events.NewTopic();
        var process = await StartAsync(on);
        var raw = new RawLog(await RawAsync(on), process);
        var collector = await CollectAsync(process, topic);

        for (var i = 1; i <= 1000; i++)
        {
            if (i % 100 == 50)
                await raw.CutSubscribersAsync();
            await process.Log.AppendAsync(Events.Transient(topic, i));
        }

        await collector.UntilAsync(1000);
        Assert.Equal(Enumerable.Range(1, 1000).Select(i => (long)i), collector.Offsets);
        Assert.Equal(Enumerable.Range(1, 1000).Select(i => (long)i), collector.Events.Select(Events.Number));
        Assert.Empty(collector.Resets);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_lost_last_event_is_seen_within_a_second(Server on)
    {
        var topic = Events.NewTopic();
        var process = await StartAsync(on);
        var raw = new RawLog(await RawAsync(on), process);
        await process.Log.AppendAsync(Events.Transient(topic, 1));
        var collector = await CollectAsync(process, topic);

        var took = new List<TimeSpan>();
        for (var i = 2; i < 7; i++)
        {
            await raw.AppendUnpublishedAsync(topic, i);
            var since = Stopwatch.GetTimestamp();
            await collector.UntilAsync(i - 1);
            took.Add(Stopwatch.GetElapsedTime(since));
        }

        Assert.Equal([2L, 3, 4, 5, 6], collector.Events.Select(Events.Number));
        // Ten times what is promised, and not each of them: the machine may be busy with other tests for as long.
        Assert.True(took.Order().ElementAt(2) < TimeSpan.FromSeconds(10), string.Join(' ', took));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_gap_is_read_once_however_many_subscribers_wait(Server on)
    {
        var topic = Events.NewTopic();
        var process = await StartAsync(on, WithoutTimer);
        var raw = new RawLog(await RawAsync(on), process);
        await process.Log.AppendAsync(Events.Transient(topic, 1));
        var collectors = new List<Collector>();
        for (var i = 0; i < 50; i++)
            collectors.Add(await CollectAsync(process, topic));
        var reads = process.Get<PageReader>().Reads;

        await raw.AppendUnpublishedAsync(topic, 2);
        await raw.AppendUnpublishedAsync(topic, 3);
        await process.Log.AppendAsync(Events.Transient(topic, 4));

        foreach (var collector in collectors)
        {
            await collector.UntilAsync(3, TimeSpan.FromSeconds(20));
            Assert.Equal([2L, 3, 4], collector.Events.Select(Events.Number));
        }

        Assert.Equal(1, process.Get<PageReader>().Reads - reads);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_cursor_works_at_another_process_and_one_too_old_is_told_so(Server on)
    {
        var topic = Events.NewTopic();
        var settings = new Dictionary<string, string?> { ["EventLog:MaxTransientEvents"] = "100", ["EventLog:BatchEvents"] = "10", ["EventLog:RecentEvents"] = "20" };
        var one = await StartAsync(on, settings);
        var other = await StartAsync(on, settings);
        var first = await CollectAsync(one, topic);
        await one.Log.AppendAsync([.. Enumerable.Range(1, 50).Select(i => Events.Transient(topic, i))]);
        await first.UntilAsync(50);
        Assert.True(Cursor.TryParse(first.Subscription.Cursor.ToString(), out var cursor));
        await one.Log.AppendAsync([.. Enumerable.Range(51, 100).Select(i => Events.Transient(topic, i))]);

        var resumed = await CollectAsync(other, topic, cursor);
        await resumed.UntilAsync(100);
        Assert.True(resumed.Subscribed!.Recovered);
        Assert.Equal(Enumerable.Range(51, 100).Select(i => (long)i), resumed.Offsets);

        await one.Log.AppendAsync(Events.Transient(topic, 151));
        var late = await CollectAsync(other, topic, cursor);
        await late.UntilResetAsync(ResetReason.Truncated);
        await late.UntilAsync(100);
        Assert.Equal(Enumerable.Range(52, 100).Select(i => (long)i), late.Offsets);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task Subscribing_and_unsubscribing_one_channel_at_once_loses_no_event(Server on)
    {
        // Every last subscriber that leaves unsubscribes; nothing but pub/sub can deliver.
        var settings = new Dictionary<string, string?>(WithoutTimer) { ["EventLog:TopicLinger"] = "00:00:00", ["EventLog:ProbeInterval"] = "00:10:00" };
        var process = await StartAsync(on, settings);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            var topic = Events.NewTopic();
            for (var round = 0; round < 40; round++)
            {
                var leaving = await Collector.StartAsync(process.Log, topic);
                var ending = leaving.DisposeAsync();
                await using var staying = await Collector.StartAsync(process.Log, topic);
                await ending;

                await process.Log.AppendAsync(Events.Transient(topic, round));

                await staying.UntilAsync(1, TimeSpan.FromSeconds(20));
            }
        }));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task One_subscription_follows_several_topics_with_one_cursor(Server on)
    {
        var topics = new[] { Events.NewTopic(), Events.NewTopic(), Events.NewTopic() };
        var process = await StartAsync(on);
        await using var subscription = process.Log.Subscribe(topics, Cursor.Earliest);
        var collector = Keep(new Collector(subscription));
        await Task.WhenAll(topics.Select(async t =>
        {
            for (var i = 1; i <= 50; i++)
                await process.Log.AppendAsync(Events.Transient(t, i));
        }));
        await collector.UntilAsync(150);
        foreach (var topic in topics)
            Assert.Equal(Enumerable.Range(1, 50).Select(i => (long)i), collector.Events.Where(e => e.Topic == topic).Select(Events.Number));

        await process.Log.AppendAsync(Events.Transient(topics[1], 51));
        await collector.UntilAsync(151);
        var resumed = Keep(new Collector(process.Log.Subscribe(topics, subscription.Cursor)));
        await Eventually.UntilAsync(() => resumed.Subscribed is { Recovered: true }, "resumed");
        await process.Log.AppendAsync(Events.Transient(topics[2], 52));
        await resumed.UntilAsync(1);
        Assert.Equal(52, Events.Number(resumed.Events.First()));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_reader_that_blocks_holds_up_no_other_of_the_same_topic(Server on)
    {
        const int Readers = 8;
        var process = await StartAsync(on);
        var topic = Events.NewTopic();
        using var all = new CountdownEvent(Readers);
        var subscribed = 0;
        using var over = new CancellationTokenSource();
        var reading = Enumerable.Range(0, Readers).Select(async _ =>
        {
            await using var subscription = process.Log.Subscribe([topic]);
            await foreach (var item in subscription.WithCancellation(over.Token))
            {
                if (item is Subscribed)
                    Interlocked.Increment(ref subscribed);
                if (item is not EventBatch)
                    continue;
                all.Signal();
                // On the thread that it is called by, until the others have the event, too.
                return all.Wait(TimeSpan.FromSeconds(20));
            }

            return false;
        }).ToArray();
        await Eventually.UntilAsync(() => subscribed == Readers, "all have subscribed");

        await process.Log.AppendAsync(Events.Transient(topic, 1));

        Assert.All(await Task.WhenAll(reading), Assert.True);
    }
}
