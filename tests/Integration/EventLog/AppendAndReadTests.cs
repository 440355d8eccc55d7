using Microservices.EventLog;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>What the log promises on every server it runs on: appends and reads.</summary>
public sealed class AppendAndReadTests(SharedServers servers) : OnEveryServer(servers), IClassFixture<SharedServers>
{
    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task Concurrent_appenders_get_consecutive_offsets_and_every_subscriber_sees_each_event_once_in_order(Server on)
    {
        var topic = Events.NewTopic();
        var one = await StartAsync(on);
        var other = await StartAsync(on);
        var collectors = new[] { await CollectAsync(one, topic), await CollectAsync(one, topic), await CollectAsync(other, topic) };

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(async a =>
        {
            var mine = new List<AppendResult>();
            for (var i = 0; i < 25; i++)
                mine.Add(await (a % 2 == 0 ? one : other).Log.AppendAsync(Events.Transient(topic, (a * 1000) + i)));
            return mine;
        }));

        Assert.Equal(Enumerable.Range(1, 500).Select(o => (long)o), results.SelectMany(r => r).Select(r => r.Offset).Order());
        foreach (var collector in collectors)
        {
            await collector.UntilAsync(500);
            Assert.Equal(Enumerable.Range(1, 500).Select(o => (long)o), collector.Offsets);
            Assert.Empty(collector.Resets);
            Assert.All(Enumerable.Range(0, 20), a => Assert.Equal(
                Enumerable.Range(0, 25).Select(i => (a * 1000L) + i), collector.Events.Select(Events.Number).Where(n => n / 1000 == a)));
        }
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_batch_is_appended_in_order_and_payloads_are_kept_byte_for_byte(Server on)
    {
        var process = await StartAsync(on);
        var (topic, other) = (Events.NewTopic(), Events.NewTopic());
        var bytes = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();
        var batch = Enumerable.Range(1, 300).Select(i => i % 2 == 0 ? Events.Transient(topic, i) : NewEvent.Transient(other, bytes, "clé " + i)).ToArray();

        var results = await process.Log.AppendAsync(batch);

        Assert.All(results, r => Assert.Equal(AppendStatus.Appended, r.Status));
        Assert.Equal(Enumerable.Range(1, 300).Select(i => (i + 1) / 2L), results.Select(r => r.Offset));
        var page = await process.Log.ReadAsync(other, Cursor.Earliest, 1000, 1_000_000);
        Assert.Equal(150, page.Events.Count);
        Assert.All(page.Events, e => Assert.Equal(bytes, e.Payload.ToArray()));
        Assert.Equal("clé 3", page.Events[1].Key);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task Appending_a_durable_event_again_is_dropped_and_a_gap_is_refused_with_the_last_offset(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();
        var collector = await CollectAsync(process, topic);

        Assert.Equal(AppendStatus.Appended, (await process.Log.AppendAsync(Events.Durable(topic, 1))).Status);
        Assert.Equal(AppendStatus.Duplicate, (await process.Log.AppendAsync(Events.Durable(topic, 1))).Status);
        var gap = await process.Log.AppendAsync(Events.Durable(topic, 3));
        Assert.Equal((AppendStatus.Gap, 1L), (gap.Status, gap.LastOffset));
        var results = await process.Log.AppendAsync([Events.Durable(topic, 1), Events.Durable(topic, 2), Events.Durable(topic, 3), Events.Durable(topic, 5)]);
        Assert.Equal([AppendStatus.Duplicate, AppendStatus.Appended, AppendStatus.Appended, AppendStatus.Gap], results.Select(r => r.Status));
        var conflict = await process.Log.AppendAsync(NewEvent.Durable(topic, "db1", 2, Events.Payload(99)));
        Assert.Equal(AppendStatus.Conflict, conflict.Status);

        await collector.UntilAsync(3);
        Assert.Equal([1L, 2, 3], collector.Events.Select(Events.Number));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_flushed_log_is_refilled_from_any_offset_and_a_new_epoch_begins_anew(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();

        await process.Log.AppendAsync([Events.Durable(topic, 41), Events.Durable(topic, 42)]);
        var page = await process.Log.ReadAsync(topic, Cursor.Earliest, 10, 1000);
        Assert.Equal((41L, 42L, "db1"), (page.EarliestOffset, page.LastOffset, page.Epoch));

        Assert.Equal(AppendStatus.Appended, (await process.Log.AppendAsync(Events.Durable(topic, 7, "db2"))).Status);
        Assert.Equal(new TopicHead(topic, "db2", 7), (await process.Log.ReadHeadsAsync([topic]))[0]);
        Assert.Equal(ReadStatus.EpochChanged, (await process.Log.ReadAsync(topic, page.Next, 10, 1000)).Status);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_topic_is_bounded_by_count(Server on)
    {
        var process = await StartAsync(on, new() { ["EventLog:MaxTransientEvents"] = "10" });
        var topic = Events.NewTopic();
        for (var i = 1; i <= 25; i++)
            await process.Log.AppendAsync(Events.Transient(topic, i));

        var page = await process.Log.ReadAsync(topic, Cursor.Earliest, 100, 100_000);

        Assert.Equal(Enumerable.Range(16, 10).Select(i => (long)i), page.Events.Select(e => e.Offset));
        Assert.Equal(16, page.EarliestOffset);
        Assert.Equal(ReadStatus.Truncated, (await process.Log.ReadAsync(topic, Cursor.At(topic, page.Epoch, 14), 100, 100_000)).Status);
        Assert.Equal(ReadStatus.Ok, (await process.Log.ReadAsync(topic, Cursor.At(topic, page.Epoch, 15), 100, 100_000)).Status);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_topic_is_bounded_by_age_by_the_appenders_clock(Server on)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var process = await StartAsync(on, new() { ["EventLog:MaxAge"] = "00:10:00" }, s => s.AddSingleton<TimeProvider>(clock));
        var topic = Events.NewTopic();
        await process.Log.AppendAsync([Events.Transient(topic, 1), Events.Transient(topic, 2)]);
        clock.Advance(TimeSpan.FromMinutes(6));
        await process.Log.AppendAsync(Events.Transient(topic, 3));
        Assert.Equal(1, (await process.Log.ReadAsync(topic, Cursor.Earliest, 10, 1000)).EarliestOffset);
        clock.Advance(TimeSpan.FromMinutes(6));
        await process.Log.AppendAsync(Events.Transient(topic, 4));

        var page = await process.Log.ReadAsync(topic, Cursor.Earliest, 10, 1000);

        Assert.Equal([3L, 4], page.Events.Select(e => e.Offset));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_read_says_what_it_reached(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();
        Assert.Equal((ReadStatus.Ok, 0), ((await process.Log.ReadAsync(topic, Cursor.Earliest, 10, 1000)).Status, 0));
        await process.Log.AppendAsync([.. Enumerable.Range(1, 9).Select(i => Events.Transient(topic, i))]);

        var page = await process.Log.ReadAsync(topic, Cursor.Earliest, 4, 100_000);
        Assert.Equal([1L, 2, 3, 4], page.Events.Select(e => e.Offset));
        page = await process.Log.ReadAsync(topic, page.Next, 100, 100_000);
        Assert.Equal([5L, 6, 7, 8, 9], page.Events.Select(e => e.Offset));
        Assert.Empty((await process.Log.ReadAsync(topic, page.Next, 100, 100_000)).Events);
        Assert.Single((await process.Log.ReadAsync(topic, Cursor.Earliest, 100, 1)).Events);
        Assert.Equal(ReadStatus.Rewound, (await process.Log.ReadAsync(topic, Cursor.At(topic, page.Epoch, 10), 100, 1)).Status);
        Assert.Equal(ReadStatus.EpochChanged, (await process.Log.ReadAsync(topic, Cursor.At(topic, "other", 3), 100, 1)).Status);
    }
}
