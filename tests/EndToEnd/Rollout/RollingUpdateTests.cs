using Microservices.Streaming.V1;
using Microservices.Tests.EndToEnd.Streams;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Rollout;

/// <summary>
/// A rollout that nobody notices. What is lost, repeated or refused is counted, and must be nothing; how slow it gets is held to what is
/// promised with SUITE_SOAK=1, at the pace of a real rollout, and to ten times that without, at the least pace there is.
/// </summary>
public sealed class RollingUpdateTests(ITestOutputHelper print)
{
    private const int Users = 100;
    private const int EventStreams = 250;
    private const int OverviewsPerSecond = 100;
    private const int OrdersPerSecond = 10;
    private const int CommandsPerSecond = 30;
    private static readonly bool Soak = Environment.GetEnvironmentVariable("SUITE_SOAK") == "1";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(Soak ? 30 : 6);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(Soak ? 20 : 6);
    private static readonly (TimeSpan Delay, TimeSpan Window) Drain = Soak
        ? (TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(12))
        : (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));

    // What a Deployment has as minReadySeconds: a new replica has seen some load before it must bear that of the next to go.
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(Soak ? 10 : 0);

    [FactNeeding(Need.RedisServer, Need.PostgreSql)]
    public async Task Every_process_is_replaced_under_load_and_no_request_fails_and_no_event_is_lost_or_repeated()
    {
        await using var suite = await RolledSuite.StartAsync(Drain);
        var users = await OrderLoad.NewUsersAsync(suite.Users[0].Address, Users);
        using var over = new CancellationTokenSource();
        using var streams = suite.Http.NewClient();
        var followers = Enumerable.Range(0, EventStreams).Select(i => EventFollower.Start(streams, users[i % Users], over.Token)).ToArray();
        var watchers = Enumerable.Range(0, EventStreams)
            .Select(i => OrderWatcher.Start(suite.WatchOrders, new Subscription { Key = users[i % Users], FromEarliest = true }, over.Token))
            .ToArray();
        await Eventually.UntilAsync(() => followers.All(f => f.Streams > 0) && watchers.All(w => w.Streams > 0), "all follow");

        using var enough = new CancellationTokenSource();
        using var http = suite.Http.NewClient();
        var requests = new RequestLoad(http, users);
        string[] addresses = [.. suite.Orders.Select(r => r.Address)];
        // One begins at the first replica and one at the second, each with half of the users.
        OrderLoad[] commands = [new(addresses, users[..(Users / 2)]), new([.. addresses.Reverse()], users[(Users / 2)..])];
        var loading = Task.WhenAll([requests.RunAsync(OverviewsPerSecond, OrdersPerSecond, enough.Token), .. commands.Select(c => c.RunAsync(CommandsPerSecond / 2, enough.Token))]);
        await Task.Delay(WarmUp);
        var before = DateTime.UtcNow;
        await Task.Delay(Before);
        var rollout = DateTime.UtcNow;
        print.WriteLine("CPU: " + string.Join(", ", suite.All.Select(r => $"{r.Service} {r.Cpu.TotalSeconds:0.0} s")) + $", this {Environment.CpuUsage.TotalTime.TotalSeconds:0.0} s");
        var steps = new List<(string Service, DateTime At, TimeSpan End)>();
        foreach (var replica in suite.All)
        {
            var at = DateTime.UtcNow;
            steps.Add((replica.Service, at, await RolledSuite.ReplaceAsync(replica)));
            await Task.Delay(Settle);
        }

        var after = DateTime.UtcNow;
        await enough.CancelAsync();
        await loading;

        var placed = requests.Placed.Concat(commands.SelectMany(c => c.Placed)).ToLookup(p => p.Value, p => p.Key);
        try
        {
            await Eventually.UntilAsync(() => followers.All(f => f.Count >= 2 * placed[f.UserId].Count()) && watchers.All(w => w.Count >= placed[w.UserId].Count()), "all have everything");
        }
        catch (TimeoutException)
        {
            // What is missing is said below.
        }

        await over.CancelAsync();
        await Task.WhenAll([.. followers.Select(f => f.Reading), .. watchers.Select(w => w.Reading)]);

        string[] failures = [.. requests.Failures, .. followers.SelectMany(f => f.Failures).Select(f => $"events: {f}")];
        var (lost, repeated) = Compare(followers, watchers, placed);
        var (usual, rolling) = (P99(requests.Latencies(before, rollout)), P99(requests.Latencies(rollout, after)));
        print.WriteLine($"rollout of {steps.Count} processes in {(after - rollout).TotalSeconds:0.0} s: {requests.Latencies(rollout, after).Length} requests, {placed.Sum(p => p.Count())} orders, "
            + $"{followers.Sum(f => f.Count) + watchers.Sum(w => w.Count)} events to {followers.Length + watchers.Length} followers over {followers.Sum(f => f.Streams) + watchers.Sum(w => w.Streams)} streams");
        print.WriteLine($"failed requests {failures.Length}, failed commands {commands.Sum(c => c.Failures)}, events lost {lost}, repeated {repeated}, resets {watchers.Sum(w => w.Resets)}");
        print.WriteLine($"p50 before {Median(requests.Latencies(before, rollout)):0.0} ms, during {Median(requests.Latencies(rollout, after)):0.0} ms; p99 before {usual:0.0} ms, during {rolling:0.0} ms");
        foreach (var ((service, at, end), next) in steps.Zip(steps.Skip(1).Select(s => s.At).Append(after)))
            print.WriteLine($"  {at:HH:mm:ss.f} {service}: {(next - at).TotalSeconds:0.0} s, of which to end {end.TotalSeconds:0.0} s; requests p99 {P99(requests.Latencies(at, next)):0.0} ms, worst {requests.Slowest(at, next)}, "
                + $"events worst {watchers.SelectMany(w => w.Latencies(at, next)).DefaultIfEmpty().Max().TotalMilliseconds:0} ms");
        foreach (var failure in failures.Take(20))
            print.WriteLine(failure.Length > 400 ? $"{failure[..100]} ... {failure[^300..]}" : failure);
        if (failures.Length > 0)
            suite.Complaints.Take(40).ToList().ForEach(print.WriteLine);

        Assert.Empty(failures);
        Assert.All(commands, c => Assert.Equal(0, c.Failures));
        Assert.Equal((0, 0), (lost, repeated));
        Assert.All(watchers, w => Assert.Equal(0, w.Resets));
        Assert.InRange(rolling, 0, (Soak ? 3 : 30) * usual);
    }

    // An order is one event, and over HTTP a notification as well.
    private static (int Lost, int Repeated) Compare(EventFollower[] followers, OrderWatcher[] watchers, ILookup<string, string> placed)
    {
        var (lost, repeated) = (0, 0);
        foreach (var follower in followers)
            Count(follower.Events, placed[follower.UserId].SelectMany(id => (string[])[$"order {id}", $"notification {id}"]));
        foreach (var watcher in watchers)
            Count(watcher.Events, placed[watcher.UserId].Select(id => $"{id}.1"));
        return (lost, repeated);

        void Count(IReadOnlyList<string> events, IEnumerable<string> expected)
        {
            lost += expected.Except(events).Count();
            repeated += events.Count - events.Distinct().Count();
        }
    }

    private static double Median(TimeSpan[] latencies) => latencies[latencies.Length / 2].TotalMilliseconds;

    private static double P99(TimeSpan[] latencies) => latencies[(int)(latencies.Length * 0.99)].TotalMilliseconds;
}
