using Microservices.EventLog;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>What counts of limits promise on every server.</summary>
public sealed class SharedRatesTests(SharedServers servers) : OnEveryServer(servers), IClassFixture<SharedServers>
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task What_any_replica_counts_adds_up_and_is_paid_off_as_time_passes(Server on)
    {
        var replicas = new[] { await RatesAsync(on), await RatesAsync(on) };
        var (key, other) = (Events.NewTopic(), Events.NewTopic());
        var watch = System.Diagnostics.Stopwatch.StartNew();

        var unpaid = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => replicas[i % 2].ChargeAsync(key, Second, Hour, Hour)));

        // All but what was paid off meanwhile.
        Assert.InRange(unpaid.Max()!.Value, TimeSpan.FromSeconds(100) - watch.Elapsed, TimeSpan.FromSeconds(100));
        Assert.InRange((await replicas[0].ChargeAsync(other, Second, Hour, Hour))!.Value, TimeSpan.Zero, Second);
        Assert.InRange((await replicas[1].ChargeAsync(key, Hour, Hour, Hour))!.Value, TimeSpan.Zero, Hour);
    }

    [Theory, OnGarnet, OnRedis, OnRedisCluster]
    public async Task A_count_that_is_paid_off_is_gone(Server on)
    {
        var rates = await RatesAsync(on);
        var database = (await RawAsync(on)).GetDatabase();
        var (brief, longer) = (Events.NewTopic(), Events.NewTopic());
        await rates.ChargeAsync(longer, Hour, Hour, Hour);
        await rates.ChargeAsync(brief, TimeSpan.FromMilliseconds(50), Hour, Hour);

        await Eventually.UntilAsync(async () => !await database.KeyExistsAsync($"events:rate:{brief}"), "the count is gone");
        Assert.InRange((await database.KeyTimeToLiveAsync($"events:rate:{longer}"))!.Value, Hour / 2, Hour + Second);
    }

    [Fact]
    public async Task Without_Redis_it_says_so_at_once()
    {
        await using var process = await LogProcess.StartAsync("127.0.0.1:1");
        Assert.Null(await process.Get<SharedRates>().ChargeAsync("key", Second, Hour, Hour));
    }

    private async Task<SharedRates> RatesAsync(Server on)
    {
        var rates = (await StartAsync(on)).Get<SharedRates>();
        await Eventually.UntilAsync(async () => await rates.ChargeAsync(Events.NewTopic(), Second, Hour, Hour) is not null, "Redis answers");
        return rates;
    }
}
