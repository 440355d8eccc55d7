using Microservices.EventLog;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>What the log promises of Redis's memory: a budget for all topics together, and that a quiet topic may be forgotten.</summary>
public sealed class BudgetTests(SharedServers servers) : OnEveryServer(servers), IClassFixture<SharedServers>
{
    private const int Topics = 4_000;

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task Many_topics_stay_within_the_budget_and_the_oldest_events_go_first(Server on)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var process = await StartAsync(on, new() { ["EventLog:MaxBytes"] = "1048576" }, s => s.AddSingleton<TimeProvider>(clock));
        var topics = Enumerable.Range(0, Topics).Select(_ => Events.NewTopic()).ToArray();
        for (var offset = 1; offset <= 3; offset++)
        {
            foreach (var some in topics.Chunk(250))
                await process.Log.AppendAsync([.. some.Select(topic => Events.Durable(topic, offset))]);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        await UntilTrimmedAsync(process);

        // What is kept is the newest of all, and some ends of topics that have nothing left.
        var kept = await Task.WhenAll(topics.Select(topic => process.Log.ReadAsync(topic, Cursor.Earliest, 10, 10_000)));
        var whole = kept.Count(page => page.Events.Count > 0);
        Assert.InRange(whole, 200, Topics / 2);
        Assert.Equal(0, kept[^(whole / 2)..].Count(page => page.Events is not [.., { Offset: 3 }]));
        Assert.Equal(0, kept[..(Topics / 4)].Count(page => page.Events.Count > 0 || page.Epoch.Length > 0));
        // And it goes on: those kept as well as those forgotten.
        var results = await process.Log.AppendAsync([Events.Durable(topics[0], 4), Events.Durable(topics[^1], 4)]);
        Assert.All(results, r => Assert.Equal((AppendStatus.Appended, 4L), (r.Status, r.LastOffset)));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_few_busy_topics_stay_within_the_budget_and_keep_their_newest_events(Server on)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var process = await StartAsync(on, new() { ["EventLog:MaxTransientBytes"] = "1048576" }, s => s.AddSingleton<TimeProvider>(clock));
        var topics = Enumerable.Range(0, 4).Select(_ => Events.NewTopic()).ToArray();
        for (var i = 0; i < 40; i++)
        {
            await process.Log.AppendAsync([.. topics.SelectMany(topic => Enumerable.Range((i * 50) + 1, 50).Select(n => NewEvent.Transient(topic, new byte[500])))]);
            clock.Advance(TimeSpan.FromSeconds(1));
            await UntilTrimmedAsync(process);
        }

        foreach (var topic in topics)
        {
            var page = await process.Log.ReadAsync(topic, Cursor.Earliest, 10_000, long.MaxValue);
            Assert.Equal(2_000, page.Events[^1].Offset);
            Assert.InRange(page.Events.Count, 300, 500);
        }
    }

    [Theory, OnRedis]
    public async Task What_it_takes_is_about_what_Redis_says(Server on)
    {
        var raw = await RawAsync(on);
        var many = Enumerable.Range(0, 1_000).Select(_ => $"orders/user/{Guid.NewGuid()}").ToArray();
        var small = await StartAsync(on);
        Assert.All(await small.Log.AppendAsync([.. many.Select(topic => NewEvent.Durable(topic, "epoch-1", 1, new byte[150]))]), r => Assert.Equal(AppendStatus.Appended, r.Status));
        await CompareAsync(small, many);

        var few = Enumerable.Range(0, 20).Select(_ => Events.NewTopic()).ToArray();
        var large = await StartAsync(on);
        foreach (var topic in few)
            await large.Log.AppendAsync([.. Enumerable.Range(1, 500).Select(n => NewEvent.Durable(topic, "epoch-1", n, new byte[150]))]);
        await CompareAsync(large, few);

        async Task CompareAsync(LogProcess process, string[] topics)
        {
            var says = 0L;
            foreach (var key in topics.SelectMany(process.Get<RedisConnection>().Keys))
                says += (long)await raw.GetDatabase().ExecuteAsync("MEMORY", "USAGE", key, "SAMPLES", 0);
            // It leaves out the tables that have the keys and their expiries, some 100 bytes for each key.
            says += 200 * topics.Length;
            var ratio = (double)process.Get<LogTrimmer>().Held / says;
            Assert.True(ratio is > 0.95 and < 1.3, $"{ratio} of {says} for {topics.Length} topics");
        }
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_topic_that_Redis_forgot_goes_on_and_its_readers_miss_nothing(Server on)
    {
        var (topic, other) = (Events.NewTopic(), Events.NewTopic());
        var history = new TestHistory();
        var log = new LogLines();
        // A machine that is slow for a moment is no outage that the log would have to warn of.
        var patient = new Dictionary<string, string?> { ["EventLog:ProbeTimeout"] = "00:01:00", ["EventLog:CommandTimeout"] = "00:01:00" };
        var process = await StartAsync(on, patient, s => s.AddSingleton(history).AddEventHistory<TestHistory>("test/").AddSingleton<Microsoft.Extensions.Logging.ILoggerProvider>(log));
        var raw = new RawLog(await RawAsync(on), process);
        foreach (var of in new[] { topic, other })
        {
            history.Commit(of, 5);
            await process.Log.AppendAsync([.. Enumerable.Range(1, 5).Select(i => Events.Durable(of, i))]);
        }

        var current = await CollectAsync(process, topic, Cursor.Earliest);
        var beside = await CollectAsync(process, other, Cursor.Earliest);
        await current.UntilAsync(5);
        await beside.UntilAsync(5);
        var reads = history.Reads;
        await raw.FlushAsync(topic);
        await Eventually.UntilAsync(() => history.Reads > reads, "the history was asked whether something is missing");

        history.Commit(topic, 7);
        Assert.Equal(AppendStatus.Appended, (await process.Log.AppendAsync(Events.Durable(topic, 6))).Status);
        Assert.Equal(AppendStatus.Appended, (await process.Log.AppendAsync(Events.Durable(topic, 7))).Status);
        var behind = await CollectAsync(process, topic, Cursor.At(topic, "db1", 2));
        await current.UntilAsync(7);
        await behind.UntilAsync(5);
        Assert.Equal([1L, 2, 3, 4, 5, 6, 7], current.Offsets);
        Assert.Equal([3L, 4, 5, 6, 7], behind.Offsets);
        Assert.Empty(current.Resets.Concat(behind.Resets).Concat(beside.Resets));
        Assert.Empty(log.Warnings);
    }

    private static async Task UntilTrimmedAsync(LogProcess process) =>
        await Eventually.UntilAsync(() => process.Get<LogTrimmer>() is { IsWithinBudget: true }, "the topics are within the budget");
}
