using Microservices.EventLog;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>What a subscriber gets, and costs, that does not keep up.</summary>
public sealed class SlowSubscriberTests(SharedServers servers) : OnEveryServer(servers), IClassFixture<SharedServers>
{
    private static readonly Dictionary<string, string?> Small = new()
    {
        ["EventLog:RecentEvents"] = "64",
        ["EventLog:BatchEvents"] = "16",
        ["EventLog:LatestKeys"] = "100",
        ["EventLog:MaxTransientEvents"] = "100000",
    };

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_slow_lossless_subscriber_holds_nothing_disturbs_nobody_and_catches_up(Server on)
    {
        var topic = Events.NewTopic();
        var process = await StartAsync(on, Small);
        await using var slow = process.Log.Subscribe([topic]);
        await using var items = slow.GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());
        Assert.IsType<Subscribed>(items.Current);
        var fast = await CollectAsync(process, topic);

        for (var i = 0; i < 50; i++)
            await process.Log.AppendAsync([.. Enumerable.Range((i * 100) + 1, 100).Select(n => Events.Transient(topic, n))]);
        await fast.UntilAsync(5000);

        var seen = new List<long>();
        while (seen.Count < 5000 && await items.MoveNextAsync())
        {
            var batch = Assert.IsType<EventBatch>(items.Current);
            Assert.InRange(batch.Events.Count, 1, 16);
            seen.AddRange(batch.Events.Select(Events.Number));
        }

        Assert.Equal(Enumerable.Range(1, 5000).Select(i => (long)i), seen);
        Assert.Equal(Enumerable.Range(1, 5000).Select(i => (long)i), fast.Events.Select(Events.Number));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_slow_latest_subscriber_gets_the_newest_of_each_key_last_and_never_an_older_after_it(Server on)
    {
        var topic = Events.NewTopic();
        var process = await StartAsync(on, Small);
        await using var slow = process.Log.Subscribe([topic], delivery: Delivery.Latest);
        await using var items = slow.GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());

        var fast = await CollectAsync(process, topic);
        for (var i = 0; i < 100; i++)
            await process.Log.AppendAsync([.. Enumerable.Range(i * 100, 100).Select(n => Events.Transient(topic, n, $"k{n % 10}"))]);
        await fast.UntilAsync(10_000);

        var latest = await TakeUntilAsync(items, 9999);

        Assert.Equal(Enumerable.Range(0, 10).Select(k => 9990L + k), latest);
        Assert.Equal(10, latest.Count);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_latest_subscriber_that_starts_far_behind_gets_only_the_newest_of_each_key(Server on)
    {
        var topic = Events.NewTopic();
        var process = await StartAsync(on, Small);
        await process.Log.AppendAsync([.. Enumerable.Range(0, 2000).Select(n => Events.Transient(topic, n, $"k{n % 10}"))]);

        await using var slow = process.Log.Subscribe([topic], Cursor.Earliest, Delivery.Latest);
        await using var items = slow.GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());

        Assert.Equal(Enumerable.Range(0, 10).Select(k => 1990L + k), await TakeUntilAsync(items, 1999));
        await process.Log.AppendAsync(Events.Transient(topic, 2000, "k0"));
        Assert.Equal([2000L], await TakeUntilAsync(items, 2000));
        await using var resumed = process.Log.Subscribe([topic], slow.Cursor, Delivery.Latest);
        await using var more = resumed.GetAsyncEnumerator();
        Assert.True(await more.MoveNextAsync());
        await process.Log.AppendAsync(Events.Transient(topic, 2001, "k1"));
        Assert.Equal([2001L], await TakeUntilAsync(more, 2001));
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_latest_subscriber_with_more_keys_than_it_may_hold_reads_the_log_instead(Server on)
    {
        var topic = Events.NewTopic();
        var process = await StartAsync(on, Small);
        await using var slow = process.Log.Subscribe([topic], delivery: Delivery.Latest);
        await using var items = slow.GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());

        await process.Log.AppendAsync([.. Enumerable.Range(0, 2000).Select(n => Events.Transient(topic, n, $"k{n % 500}"))]);

        var latest = await TakeUntilAsync(items, 1999);
        Assert.Equal(latest.Order(), latest);
        Assert.Equal(Enumerable.Range(0, 500).ToDictionary(k => $"k{k}", k => 1500L + k), Newest(latest));
        static Dictionary<string, long> Newest(List<long> numbers) =>
            numbers.GroupBy(n => n % 500).OrderBy(g => g.Key).ToDictionary(g => $"k{g.Key}", g => g.Last());
    }

    private static async Task<List<long>> TakeUntilAsync(IAsyncEnumerator<SubscriptionItem> items, long last)
    {
        var seen = new List<long>();
        do
        {
            await items.MoveNextAsync();
            seen.AddRange(Assert.IsType<EventBatch>(items.Current).Events.Select(Events.Number));
        }
        while (seen[^1] != last);
        return seen;
    }
}
