using Microservices.EventLog;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>Behind a history is a database that others need, too: it is asked only where Redis may lack something, and by few at once.</summary>
public sealed class HistoryLoadTests
{
    [FactNeeding(Need.RedisServer)]
    public async Task A_pub_sub_connection_that_was_cut_and_came_back_asks_no_history()
    {
        await using var redis = await RedisServer.StartAsync();
        var history = new TestHistory();
        await using var process = await StartAsync(redis, history);
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");
        var raw = new RawLog(connection, process);
        var topics = Enumerable.Range(0, 20).Select(_ => Events.NewTopic()).ToArray();
        var collectors = await SubscribeAsync(process, topics);
        var restored = 0;
        process.Get<RedisConnection>().Restored += _ => Interlocked.Increment(ref restored);
        await AppendAsync(1);
        var reads = history.Reads;

        for (var cut = 1; cut <= 5; cut++)
        {
            var before = Volatile.Read(ref restored);
            await raw.CutSubscribersAsync();
            await Eventually.UntilAsync(() => Volatile.Read(ref restored) > before, "the connection is back");
            await AppendAsync(cut + 1);
            await SweptAsync(process, raw);
        }

        Assert.Equal(reads, history.Reads);
        foreach (var collector in collectors)
            await collector.DisposeAsync();

        async Task AppendAsync(int offset)
        {
            foreach (var topic in topics)
            {
                history.Commit(topic, offset);
                await process.Log.AppendAsync(Events.Durable(topic, offset));
            }

            foreach (var collector in collectors)
                await collector.UntilAsync(offset);
        }
    }

    [FactNeeding(Need.RedisServer)]
    public async Task A_log_that_is_filled_again_behind_what_the_history_told_has_lost_nothing_and_is_not_asked_for_again()
    {
        await using var redis = await RedisServer.StartAsync();
        var history = new TestHistory();
        await using var process = await StartAsync(redis, history);
        var topic = Events.NewTopic();
        history.Commit(topic, 20);
        await process.Log.AppendAsync([.. Enumerable.Range(1, 20).Select(i => Events.Durable(topic, i))]);
        await using var collector = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        await collector.UntilAsync(20);
        redis.Kill();
        history.Commit(topic, 30);
        await redis.StartAgainAsync();
        await collector.UntilAsync(30);
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        var raw = new RawLog(connection, process);
        await SweptAsync(process, raw);
        var reads = history.Reads;

        for (var offset = 1; offset <= 30; offset += 5)
        {
            await process.Log.AppendAsync([.. Enumerable.Range(offset, 5).Select(i => Events.Durable(topic, i))]);
            await SweptAsync(process, raw);
        }

        Assert.Equal(reads, history.Reads);
        Assert.Empty(collector.Resets);
        history.Commit(topic, 31);
        await process.Log.AppendAsync(Events.Durable(topic, 31));
        await collector.UntilAsync(31);
        Assert.Equal(Enumerable.Range(1, 31).Select(i => (long)i), collector.Offsets);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task After_an_outage_every_topic_asks_its_history_but_only_so_many_at_once()
    {
        await using var redis = await RedisServer.StartAsync();
        var history = new TestHistory { Latency = TimeSpan.FromMilliseconds(20) };
        await using var process = await StartAsync(redis, history, ("EventLog:MaxHistoryReads", "3"));
        var topics = Enumerable.Range(0, 40).Select(_ => Events.NewTopic()).ToArray();
        foreach (var topic in topics)
        {
            history.Commit(topic, 1);
            await process.Log.AppendAsync(Events.Durable(topic, 1));
        }

        var collectors = await SubscribeAsync(process, topics);
        redis.Kill();
        foreach (var topic in topics)
            history.Commit(topic, 2);
        await redis.StartAgainAsync();

        foreach (var collector in collectors)
        {
            await collector.UntilAsync(1);
            Assert.Equal([2L], collector.Offsets);
            await collector.DisposeAsync();
        }

        Assert.Equal(3, history.MostAtOnce);
    }

    private static Task<LogProcess> StartAsync(RedisServer redis, TestHistory history, params (string Key, string Value)[] settings) =>
        LogProcess.StartAsync(
            redis.ConnectionString,
            new(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))) { ["EventLog:CheckInterval"] = "00:00:00.1" },
            s => s.AddSingleton(history).AddEventHistory<TestHistory>("test/"));

    private static Task<Collector[]> SubscribeAsync(LogProcess process, string[] topics) =>
        Task.WhenAll(topics.Select(topic => Collector.StartAsync(process.Log, topic)));

    /// <summary>Returns when the timer has compared all topics with Redis: it finds an event that nobody published.</summary>
    private static async Task SweptAsync(LogProcess process, RawLog raw)
    {
        var topic = $"swept/{Events.NewTopic()}";
        await using var collector = await Collector.StartAsync(process.Log, topic);
        await raw.AppendUnpublishedAsync(topic, 1);
        await collector.UntilAsync(1);
    }
}
