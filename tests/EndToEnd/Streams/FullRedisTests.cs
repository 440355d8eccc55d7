using System.Globalization;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using StackExchange.Redis;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Streams;

/// <summary>
/// A Redis that holds minutes of what happens, under load: half an hour with 64 MB and SUITE_SOAK=1, else forty seconds with so much
/// less memory that the bound is met as well.
/// </summary>
public sealed class FullRedisTests(ITestOutputHelper print)
{
    private const int Users = 100;
    private const int OrdersPerSecond = 500;
    private static readonly bool Soak = Environment.GetEnvironmentVariable("SUITE_SOAK") == "1";
    private static readonly TimeSpan Load = Soak ? TimeSpan.FromMinutes(30) : TimeSpan.FromSeconds(40);
    private static readonly TimeSpan WarmUp = Soak ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(20);
    private static readonly int RedisMegabytes = Soak ? 64 : 10;

    // Ten times what is promised where other tests run beside it: speed is a benchmark's.
    private static readonly TimeSpan Late = Soak ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(10);

    [FactNeeding(Need.RedisServer, Need.PostgreSql)]
    public async Task Five_hundred_orders_a_second_lose_nothing_and_delay_nothing_in_a_Redis_that_is_too_small_for_all_of_them()
    {
        (string, string)[] settings = Soak ? [] : [("EventLog:MaxBytes", "4194304")];
        await using var suite = await OrdersUnderTest.StartAsync(["--maxmemory", $"{RedisMegabytes}mb", "--maxmemory-policy", "noeviction"], settings);
        var users = await OrderLoad.NewUsersAsync(suite.UsersAddress, Users);
        using var over = new CancellationTokenSource();
        var watchers = users.Append("").Select(user => OrderWatcher.Start(suite.Client, new Subscription { Key = user, FromEarliest = true }, over.Token)).ToArray();
        await Eventually.UntilAsync(() => watchers.All(w => w.Streams > 0), "all have subscribed");

        using var enough = new CancellationTokenSource(Load);
        string[] addresses = [.. suite.Replicas.Select(r => r.Address)];
        OrderLoad[] loads = [new(addresses, users[..(Users / 2)]), new([.. addresses.Reverse()], users[(Users / 2)..])];
        var begun = DateTime.UtcNow;
        var placing = Task.WhenAll(loads.Select(l => l.RunAsync(OrdersPerSecond / 2, enough.Token)));
        await Task.Delay(WarmUp);
        var (memory, lines) = (Array.ConvertAll(suite.Replicas, r => r.Memory), Array.ConvertAll(suite.Replicas, r => r.Output.Length));
        await placing;
        var grown = suite.Replicas.Zip(memory, (replica, before) => (double)replica.Memory / before).ToArray();

        var placed = loads.SelectMany(l => l.Placed).ToList();
        await Eventually.UntilAsync(() => watchers.All(w => w.Count >= Expected(w)), "all have everything");
        await over.CancelAsync();
        await Task.WhenAll(watchers.Select(w => w.Reading));
        var trimmed = (await Task.WhenAll(suite.Replicas.Select(r => r.MetricAsync("eventlog_events_trimmed_total")))).Sum();
        var refused = (await Task.WhenAll(suite.Replicas.Select(r => r.MetricAsync("eventlog_events_refused_total")))).Sum();
        var late = watchers.SelectMany(w => w.Latencies(begun + (WarmUp / 2), DateTime.MaxValue)).Order().ToArray();
        var warnings = suite.Replicas.Zip(lines, (replica, from) => replica.Output[from..].Split('\n').Where(IsWarning)).SelectMany(w => w).ToArray();
        print.WriteLine($"{placed.Count} orders; {trimmed} events let go, {refused} refused; memory x {string.Join(", ", grown.Select(g => g.ToString("0.00", CultureInfo.InvariantCulture)))}; "
            + $"delay p50 {late[late.Length / 2].TotalMilliseconds:0} ms, p99 {late[late.Length * 99 / 100].TotalMilliseconds:0} ms, most {late[^1].TotalMilliseconds:0} ms; Redis holds {await UsedAsync(suite) >> 10} KiB");

        Assert.True(placed.Count > OrdersPerSecond * Load.TotalSeconds / 2, $"{placed.Count} orders were placed");
        Assert.All(watchers, w => Assert.Equal((Expected(w), Expected(w), 0), (w.Count, w.Events.Distinct().Count(), w.Resets)));
        Assert.True(trimmed > 0, "Redis was large enough for all: this shows nothing");
        Assert.Equal(0, refused);
        Assert.DoesNotContain(late, delay => delay > Late);
        Assert.Empty(warnings);
        // After the warm-up.
        Assert.All(grown, g => Assert.InRange(g, 0, Soak ? 1.25 : 2));

        int Expected(OrderWatcher watcher) => placed.Count(p => watcher.UserId.Length == 0 || watcher.UserId == p.Value);

        // As the JSON console has it.
        static bool IsWarning(string line) => line.Contains("\"LogLevel\":\"", StringComparison.Ordinal)
            && !line.Contains("\"LogLevel\":\"Information\"", StringComparison.Ordinal);
    }

    private static async Task<long> UsedAsync(OrdersUnderTest suite)
    {
        await using var admin = await ConnectionMultiplexer.ConnectAsync(suite.Redis.ConnectionString + ",allowAdmin=true");
        return long.Parse((await admin.GetServers()[0].InfoAsync("memory")).SelectMany(g => g).First(p => p.Key == "used_memory").Value, CultureInfo.InvariantCulture);
    }
}
