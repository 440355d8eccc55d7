using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Rollout;

/// <summary>A rollout is no reason to worry: its log says that replicas come and go, and warns of nothing.</summary>
public sealed class QuietRolloutTests
{
    private const int Users = 10;
    private const int OverviewsPerSecond = 10;
    private const int OrdersPerSecond = 3;
    private static readonly (TimeSpan Delay, TimeSpan Window) Drain = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));

    [FactNeeding(Need.RedisServer, Need.PostgreSql)]
    public async Task Replacing_both_replicas_of_Orders_under_light_load_logs_no_warning_and_no_stack_trace()
    {
        await using var suite = await RolledSuite.StartAsync(Drain);
        var users = await OrderLoad.NewUsersAsync(suite.Users[0].Address, Users);
        using var over = new CancellationTokenSource();
        using var streams = suite.Http.NewClient();
        var followers = users.Select(user => EventFollower.Start(streams, user, over.Token)).ToArray();
        await Eventually.UntilAsync(() => followers.All(f => f.Streams > 0), "all follow");
        using var http = suite.Http.NewClient();
        var requests = new RequestLoad(http, users);
        using var enough = new CancellationTokenSource();
        var loading = requests.RunAsync(OverviewsPerSecond, OrdersPerSecond, enough.Token);
        await Eventually.UntilAsync(() => requests.Placed.Count >= Users, "some orders are placed");

        foreach (var replica in suite.Orders)
            await RolledSuite.ReplaceAsync(replica);

        var placed = requests.Placed.Count;
        await Eventually.UntilAsync(() => requests.Placed.Count >= placed + Users, "orders are placed at the new ones");
        await enough.CancelAsync();
        await loading;
        await over.CancelAsync();
        await Task.WhenAll(followers.Select(f => f.Reading));

        Assert.Empty(requests.Failures);
        Assert.True(!suite.Complaints.Any(), string.Join('\n', suite.Complaints));
    }

    [FactNeeding(Need.RedisServer, Need.PostgreSql)]
    public async Task A_replica_that_is_killed_is_one_line_of_each_process_that_calls_it_and_one_when_it_is_back()
    {
        await using var suite = await RolledSuite.StartAsync(Drain);
        // Those that keep a stream to each replica. The events that Notifications follows may all have come from the other.
        var callers = suite.Gateways;
        var killed = suite.Orders[0];

        await killed.KillAsync();
        foreach (var caller in callers)
            await Eventually.UntilAsync(() => About(caller, "is away").Any(), $"{caller.Service} says that it is away");
        killed.Start();
        foreach (var caller in callers)
            await Eventually.UntilAsync(() => About(caller, "is back").Any(), $"{caller.Service} says that it is back");
        await killed.UntilReadyAsync();

        foreach (var caller in callers)
        {
            Assert.Single(About(caller, "is away"));
            Assert.Single(About(caller, "is back"));
        }

        Assert.All(suite.Notifications, follower => Assert.InRange(About(follower, "is away").Count(), 0, 1));
        Assert.True(suite.Complaints.All(line => line.Contains($"Replica {killed.Address}/ is away", StringComparison.Ordinal)), string.Join('\n', suite.Complaints));

        IEnumerable<string> About(ReplicaProcess process, string what) => process.Output.Split('\n')
            .Where(line => line.Contains($"Replica {killed.Address}/ {what}", StringComparison.Ordinal));
    }
}
