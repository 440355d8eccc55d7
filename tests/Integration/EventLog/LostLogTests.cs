using Microservices.EventLog;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>What a subscriber is promised when Redis has lost events: what a history still has, or a reset that says why.</summary>
public sealed class LostLogTests(SharedServers servers) : OnEveryServer(servers), IClassFixture<SharedServers>
{
    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_log_that_was_rewound_and_went_on_differently_resets_the_subscriber(Server on)
    {
        var topic = Events.NewTopic();
        var process = await StartAsync(on, WithoutTimer);
        var raw = new RawLog(await RawAsync(on), process);
        var collector = await CollectAsync(process, topic);
        for (var i = 1; i <= 10; i++)
            await process.Log.AppendAsync(Events.Transient(topic, i));
        await collector.UntilAsync(10);
        var saw10 = collector.Events.Last();

        await raw.RewindAsync(topic, 3);
        // Published nowhere: the subscriber sees nothing but an event 11 that is next by its offset.
        for (var i = 8; i <= 10; i++)
            await raw.AppendUnpublishedAsync(topic, 100 + i);
        await process.Log.AppendAsync(Events.Transient(topic, 111));

        await collector.UntilResetAsync(ResetReason.Forked);
        await process.Log.AppendAsync(Events.Transient(topic, 112));
        await collector.UntilAsync(11);
        Assert.Equal(112, Events.Number(collector.Events.Last()));
        // Whoever resumes from a cursor of the lost branch is told as well.
        var late = await CollectAsync(process, topic, new Cursor([new CursorEntry(Cursor.HashOf(topic), saw10.Position)]));
        Assert.False(late.Subscribed!.Recovered);
        await late.UntilResetAsync(ResetReason.Forked);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_quiet_log_that_was_rewound_or_flushed_is_seen_by_the_timer(Server on)
    {
        var (rewound, flushed) = (Events.NewTopic(), Events.NewTopic());
        var process = await StartAsync(on);
        var raw = new RawLog(await RawAsync(on), process);
        await process.Log.AppendAsync([Events.Transient(rewound, 1), Events.Transient(rewound, 2), Events.Transient(flushed, 1)]);
        var one = await CollectAsync(process, rewound, Cursor.Earliest);
        var other = await CollectAsync(process, flushed, Cursor.Earliest);
        await one.UntilAsync(2);
        await other.UntilAsync(1);

        await raw.RewindAsync(rewound, 1);
        await raw.FlushAsync(flushed);

        await one.UntilResetAsync(ResetReason.Forked);
        await other.UntilResetAsync(ResetReason.EpochChanged);
        await process.Log.AppendAsync([Events.Transient(rewound, 3), Events.Transient(flushed, 2)]);
        await one.UntilAsync(3);
        await other.UntilAsync(2);
        Assert.Equal([1L, 2], other.Events.Select(Events.Number));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_history_serves_what_the_log_no_longer_has(Server on)
    {
        var topic = Events.NewTopic();
        var history = new TestHistory();
        var process = await StartAsync(on, new() { ["EventLog:MaxEvents"] = "10", ["EventLog:BatchEvents"] = "7" }, s => s.AddSingleton(history).AddEventHistory<TestHistory>("test/"));
        history.Commit(topic, 100);
        await process.Log.AppendAsync([.. Enumerable.Range(1, 100).Select(i => Events.Durable(topic, i))]);

        var fromStart = await CollectAsync(process, topic, Cursor.Earliest);
        var from50 = await CollectAsync(process, topic, Cursor.At(topic, "db1", 50));

        await fromStart.UntilAsync(100);
        await from50.UntilAsync(50);
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), fromStart.Events.Select(Events.Number));
        Assert.Equal(Enumerable.Range(51, 50).Select(i => (long)i), from50.Events.Select(Events.Number));
        Assert.Empty(from50.Resets);
        Assert.True(from50.Subscribed!.Recovered);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_durable_log_that_lost_its_last_events_resets_nobody_and_everybody_ends_with_what_was_committed(Server on)
    {
        var topic = Events.NewTopic();
        var history = new TestHistory();
        var process = await StartAsync(on, services: s => s.AddSingleton(history).AddEventHistory<TestHistory>("test/"));
        var raw = new RawLog(await RawAsync(on), process);
        history.Commit(topic, 20);
        await process.Log.AppendAsync([.. Enumerable.Range(1, 20).Select(i => Events.Durable(topic, i))]);
        var current = await CollectAsync(process, topic, Cursor.Earliest);
        await current.UntilAsync(20);

        await raw.RewindAsync(topic, 5);
        var ahead = await CollectAsync(process, topic, Cursor.At(topic, "db1", 20));
        var behind = await CollectAsync(process, topic, Cursor.At(topic, "db1", 10));
        await behind.UntilAsync(10);
        await raw.FlushAsync(topic);
        // The relay finds the gap (or an empty log), and refills.
        history.Commit(topic, 22);
        await process.Log.AppendAsync([.. Enumerable.Range(18, 5).Select(i => Events.Durable(topic, i))]);

        await current.UntilAsync(22);
        await ahead.UntilAsync(2);
        await behind.UntilAsync(12);
        Assert.Equal(Enumerable.Range(1, 22).Select(i => (long)i), current.Offsets);
        Assert.Equal([21L, 22], ahead.Offsets);
        Assert.Equal(Enumerable.Range(11, 12).Select(i => (long)i), behind.Offsets);
        Assert.Empty(current.Resets.Concat(ahead.Resets).Concat(behind.Resets));
    }

    [Theory, OnRedis]
    public async Task A_reader_ahead_of_what_came_live_is_told_when_Redis_loses_what_it_has_read(Server on)
    {
        var process = await StartAsync(on, WithoutTimer);
        var connection = await RawAsync(on);
        var raw = new RawLog(connection, process);
        var topic = Events.NewTopic();
        await process.Log.AppendAsync([.. Enumerable.Range(1, 10).Select(i => Events.Transient(topic, i))]);
        var live = await CollectAsync(process, topic, Cursor.Earliest);
        await live.UntilAsync(10);
        await raw.AppendUnpublishedAsync(topic, 11);
        await raw.AppendUnpublishedAsync(topic, 12);
        var ahead = await CollectAsync(process, topic, Cursor.At(topic, live.Events.First().Epoch, 5));
        await ahead.UntilAsync(7);

        await raw.RewindAsync(topic, 2);
        await raw.CutSubscribersAsync();

        await ahead.UntilResetAsync(ResetReason.Forked);
        await process.Log.AppendAsync(Events.Transient(topic, 111));
        await ahead.UntilAsync(8);
        await live.UntilAsync(11);
        Assert.Equal(111, Events.Number(ahead.Events.Last()));
        Assert.Single(ahead.Resets);
        Assert.Empty(live.Resets);
    }
}
