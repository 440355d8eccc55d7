using System.Diagnostics;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Streams;

/// <summary>
/// The suite as the launcher starts it, with its embedded Redis, under load by thousands of users: ten minutes with SUITE_SOAK=1, else
/// forty seconds.
/// </summary>
public sealed class EmbeddedRedisTests(ITestOutputHelper print)
{
    private const int Users = 3_000;
    private const int Watched = 50;
    private const int OrdersPerSecond = 220;
    private static readonly bool Soak = Environment.GetEnvironmentVariable("SUITE_SOAK") == "1";
    private static readonly TimeSpan Load = Soak ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);
    private const long MostBytes = 512 << 20;

    [Fact]
    public async Task Thousands_of_users_that_order_all_the_time_lose_no_event_and_the_Redis_in_the_launcher_stays_small()
    {
        await using var suite = await Suite.StartAsync();
        var users = await OrderLoad.NewUsersAsync(Suite.Users, Users, suite.ChannelTo);
        await using var services = OrdersUnderTest.ClientOf([Suite.Orders], _ => suite.OperatorAsync());
        var client = services.GetRequiredService<EventStreamClient<OrderEvent>>();
        using var over = new CancellationTokenSource();
        var watchers = users.Where((_, i) => i % (Users / Watched) == 0).Append("")
            .Select(user => OrderWatcher.Start(client, new Subscription { Key = user, FromEarliest = true }, over.Token)).ToArray();
        await Eventually.UntilAsync(() => watchers.All(w => w.Streams > 0), "all have subscribed");

        using var enough = new CancellationTokenSource(Load);
        var load = new OrderLoad([Suite.Orders], users, channelTo: suite.ChannelTo);
        var placing = load.RunAsync(OrdersPerSecond, enough.Token);
        var memory = await MostMemoryAsync(suite.Pid, placing);
        await placing;

        var placed = load.Placed;
        await Eventually.UntilAsync(() => watchers.All(w => w.Count >= Expected(w)), "all have everything");
        await over.CancelAsync();
        await Task.WhenAll(watchers.Select(w => w.Reading));
        print.WriteLine($"{placed.Count} orders; the launcher had {memory >> 20} MB at the most");

        Assert.True(placed.Count > OrdersPerSecond * Load.TotalSeconds / 2, $"{placed.Count} orders were placed");
        Assert.All(watchers, w => Assert.Equal((Expected(w), Expected(w), 0), (w.Count, w.Events.Distinct().Count(), w.Resets)));
        Assert.DoesNotContain("lost writes", suite.Output, StringComparison.Ordinal);
        Assert.InRange(memory, 0, MostBytes);

        int Expected(OrderWatcher watcher) => placed.Count(p => watcher.UserId.Length == 0 || watcher.UserId == p.Value);
    }

    private static async Task<long> MostMemoryAsync(int pid, Task until)
    {
        using var process = Process.GetProcessById(pid);
        using var timer = new PeriodicTimer(Period);
        var most = 0L;
        while (!until.IsCompleted && await timer.WaitForNextTickAsync())
        {
            process.Refresh();
            most = Math.Max(most, process.WorkingSet64);
        }

        return most;
    }
}
