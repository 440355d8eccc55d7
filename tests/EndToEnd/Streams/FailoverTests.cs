using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using StackExchange.Redis;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Streams;

/// <summary>A Redis that loses its last writes because a replica that lacks them is promoted.</summary>
public sealed class FailoverTests(ITestOutputHelper print)
{
    [FactNeeding(Need.RedisServer, Need.PostgreSql)]
    public async Task After_a_promotion_that_lost_the_last_writes_every_subscriber_has_exactly_the_committed_events()
    {
        await using var suite = await OrdersUnderTest.StartAsync();
        await using var replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{suite.Redis.Port}");
        await using var ofReplica = await ConnectionMultiplexer.ConnectAsync(replica.ConnectionString + ",allowAdmin=true");
        var users = await OrderLoad.NewUsersAsync(suite.UsersAddress, 20);
        using var over = new CancellationTokenSource();
        var watchers = Enumerable.Range(0, 100)
            .Select(i => OrderWatcher.Start(suite.Client, new Subscription { Key = users[i % 20], FromEarliest = true }, over.Token))
            .ToArray();
        await Eventually.UntilAsync(() => watchers.All(w => w.Streams > 0), "all have subscribed");
        using var enough = new CancellationTokenSource();
        var load = new OrderLoad([.. suite.Replicas.Select(r => r.Address)], users);
        var placing = load.RunAsync(300, enough.Token);
        await Eventually.UntilAsync(() => watchers.Sum(w => w.Count) > 2_000, "events flow");

        // From here on the replica gets nothing; the subscribers do.
        await ofReplica.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");
        var before = watchers.Sum(w => w.Count);
        await Eventually.UntilAsync(() => watchers.Sum(w => w.Count) > before + 2_000, "events flow that the replica lacks");
        suite.Redis.Kill();
        // Takes the place of the one that died, with what the replica has.
        await suite.Redis.StartAgainAsync("--replicaof", "127.0.0.1", $"{replica.Port}");
        await using var promoted = await ConnectionMultiplexer.ConnectAsync(suite.Redis.ConnectionString + ",allowAdmin=true");
        await Eventually.UntilAsync(async () => (await promoted.GetDatabase().ExecuteAsync("INFO", "replication")).ToString().Contains("master_link_status:up", StringComparison.Ordinal), "it has what the replica has");
        await promoted.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");
        var promotedAt = watchers.Sum(w => w.Count);
        await Eventually.UntilAsync(() => watchers.Sum(w => w.Count) > promotedAt + 2_000, "events flow again");
        await enough.CancelAsync();
        await placing;

        var expected = load.Placed.GroupBy(p => p.Value).ToDictionary(g => g.Key, g => g.Count());
        await Eventually.UntilAsync(() => watchers.All(w => w.Count >= expected[w.UserId]), "all have everything");
        var inOrder = users.ToDictionary(u => u, u => OrderWatcher.Start(suite.Client, new Subscription { Key = u, FromEarliest = true }, over.Token));
        await Eventually.UntilAsync(() => inOrder.All(w => w.Value.Count >= expected[w.Key]), "the log has everything");
        await over.CancelAsync();
        await Task.WhenAll(watchers.Concat(inOrder.Values).Select(w => w.Reading));

        print.WriteLine($"{load.Placed.Count} orders, {watchers.Sum(w => w.Count)} deliveries, {watchers.Sum(w => w.Resets)} resets");
        Assert.All(watchers, w => Assert.Equal(inOrder[w.UserId].Events, w.Events));
        Assert.All(watchers, w => Assert.Equal(expected[w.UserId], w.Events.Distinct().Count()));
        Assert.All(watchers, w => Assert.Equal(0, w.Resets));
    }
}
