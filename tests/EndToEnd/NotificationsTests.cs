using System.Diagnostics;
using Grpc.Core;
using Microservices.Notifications.V1;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd;

/// <summary>Notifications as processes that die. The whole minute of it with SUITE_SOAK=1, a quarter without.</summary>
public sealed class NotificationsTests(ITestOutputHelper output)
{
    private const int Replicas = 3;
    private const int OrdersPerSecond = 300;
    private static readonly TimeSpan BetweenKills = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Silence = Eventually.Timeout;
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("SUITE_SOAK") == "1" ? 60 : 15);

    [Fact]
    public async Task Three_replicas_killed_at_random_for_a_minute_under_load_leave_one_row_per_order_event()
    {
        var data = Directory.CreateTempSubdirectory("suite-").FullName;
        await KillUnderLoadAsync(service => Task.FromResult($"Data Source={Path.Combine(data, service)}.db"));
        Directory.Delete(data, recursive: true);
    }

    [FactNeeding(Need.PostgreSql)]
    public async Task Three_replicas_killed_at_random_for_a_minute_under_load_leave_one_row_per_order_event_in_PostgreSQL()
    {
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await KillUnderLoadAsync(_ => Task.FromResult(database));
    }

    private async Task KillUnderLoadAsync(Func<string, Task<string>> databaseAsync)
    {
        using var redis = new EmbeddedGarnet();
        await using var users = new ReplicaProcess("services/Users", await SettingsAsync("users"));
        await using var orders = new ReplicaProcess("services/Orders", new Dictionary<string, string>(await SettingsAsync("orders")) { ["Backends__Users__Addresses__0"] = users.Address });
        var settings = new Dictionary<string, string>(await SettingsAsync("notifications")) { ["Backends__Orders__Addresses__0"] = orders.Address };
        var replicas = Enumerable.Range(0, Replicas).Select(_ => new ReplicaProcess("services/Notifications", settings)).ToList();
        try
        {
            await Task.WhenAll(replicas.Append(users).Append(orders).Select(p => p.UntilReadyAsync()));
            var userIds = await OrderLoad.NewUsersAsync(users.Address, 64);
            var load = new OrderLoad([orders.Address], userIds, payOneIn: 10);

            using var enough = new CancellationTokenSource(Load);
            var loading = load.RunAsync(OrdersPerSecond, enough.Token);
            var kills = await KillAtRandomAsync(replicas, enough.Token);
            await loading;

            await CheckAsync(replicas, load, userIds, kills);
        }
        catch
        {
            foreach (var replica in replicas)
                output.WriteLine(replica.Output);
            throw;
        }
        finally
        {
            foreach (var replica in replicas)
                await replica.DisposeAsync();
        }

        async Task<Dictionary<string, string>> SettingsAsync(string service) => new()
        {
            ["ConnectionStrings__Database"] = await databaseAsync(service),
            ["ConnectionStrings__Redis"] = redis.ConnectionString,
        };
    }

    private static async Task<int> KillAtRandomAsync(List<ReplicaProcess> replicas, CancellationToken enough)
    {
        var kills = 0;
        using var timer = new PeriodicTimer(BetweenKills);
        try
        {
            while (await timer.WaitForNextTickAsync(enough))
            {
                var victim = replicas[Random.Shared.Next(replicas.Count)];
                await victim.KillAsync();
                victim.Start();
                kills++;
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }

        return kills;
    }

    private async Task CheckAsync(List<ReplicaProcess> replicas, OrderLoad load, string[] userIds, int kills)
    {
        var since = Stopwatch.StartNew();
        await Task.WhenAll(replicas.Select(r => r.UntilReadyAsync()));
        using var channel = Tokens.Channel(replicas[0].Address);
        var client = new NotificationsService.NotificationsServiceClient(channel);
        var told = await ToldAsync(client, load.Events.Count);

        var rows = new List<(string OrderId, long Version)>();
        foreach (var userId in userIds)
            rows.AddRange(await InboxAsync(client, userId));
        output.WriteLine($"{load.Events.Count} order events, {rows.Count} rows, {told.Count} notification events, {kills} kills, complete {since.Elapsed.TotalSeconds:0.0} s after the load");
        Assert.True(rows.Count == load.Events.Count, $"{load.Events.Except(rows).Count()} of {load.Events.Count} events have no row; {rows.Count} rows");
        Assert.Equal(load.Events.Order(), rows.Order());
        Assert.Equal(load.Events.Order(), told.Order());
        Assert.True(kills >= (Load / BetweenKills) - 2, $"only {kills} kills");
    }

    /// <summary>What one watcher of all is told, from the first event on: as much as there must be, or until nothing more comes.</summary>
    private static async Task<List<(string OrderId, long Version)>> ToldAsync(NotificationsService.NotificationsServiceClient client, int count)
    {
        using var watch = client.WatchNotifications();
        await watch.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = 1, FromEarliest = true } });
        var told = new List<(string OrderId, long Version)>();
        try
        {
            // Heartbeats are no news.
            using var silent = new CancellationTokenSource(Silence);
            while (told.Count < count && await watch.ResponseStream.MoveNext(silent.Token))
            {
                if (watch.ResponseStream.Current.Events is not { } batch)
                    continue;
                silent.CancelAfter(Silence);
                told.AddRange(batch.Events.Select(e => (e.Notification.OrderId, e.Notification.OrderVersion)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException)
        {
            // What is missing is said by who compares.
        }

        return told;
    }

    private static async Task<List<(string OrderId, long Version)>> InboxAsync(NotificationsService.NotificationsServiceClient client, string userId)
    {
        var rows = new List<(string, long)>();
        var request = new ListNotificationsRequest { UserId = userId, PageSize = 500 };
        do
        {
            var page = await client.ListNotificationsAsync(request);
            rows.AddRange(page.Notifications.Select(n => (n.OrderId, n.OrderVersion)));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return rows;
    }
}
