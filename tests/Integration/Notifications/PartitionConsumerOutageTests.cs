using System.Net;
using Microservices.Notifications;
using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.Notifications;

/// <summary>What becomes of a consumer of partitions when what it depends on goes away.</summary>
public sealed class PartitionConsumerOutageTests(Inboxes inboxes) : IClassFixture<Inboxes>, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("outage-").FullName;
    private readonly EmbeddedGarnet redis = new();

    public void Dispose()
    {
        redis.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task While_Orders_is_away_its_events_wait_and_then_come_once()
    {
        var address = $"http://127.0.0.1:{Eventually.FreePort()}";
        var user = (await inboxes.NewUserAsync()).UserId;
        await using var notifications = await NotificationsAsync("orders-away", address);
        var expected = new List<string>();
        for (var life = 0; life < 2; life++)
        {
            await using var orders = await OrdersAsync(address);
            expected.Add((await PlaceAsync(orders, user)).OrderId);
            await inboxes.InboxAsync(user, all => all.Count == expected.Count, new(notifications.Channel));
            // TestEvents to nobody before it goes.
            expected.Add((await PlaceAsync(orders, user)).OrderId);
        }

        await using var back = await OrdersAsync(address);
        var inbox = await inboxes.InboxAsync(user, all => all.Count >= expected.Count, new(notifications.Channel));

        Assert.Equal(expected.Order(), inbox.Select(n => n.OrderId).Order());
    }

    [FactNeeding(Need.PostgreSql)]
    public async Task While_its_database_is_away_events_wait_and_then_are_written_once()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var database = await postgres.CreateDatabaseAsync();
        var user = (await inboxes.NewUserAsync()).UserId;
        await using var notifications = await NotificationsAsync("database-away", inboxes.OrdersHost.Grpc, ("ConnectionStrings:Database", database));
        using var http = new HttpClient();
        var expected = new List<string> { await PlacedAsync() };
        await inboxes.InboxAsync(user, all => all.Count == 1, new(notifications.Channel));

        await AdmitAsync(false);
        expected.Add(await PlacedAsync());
        await Eventually.UntilAsync(async () => await StatusAsync() == HttpStatusCode.ServiceUnavailable, "it is not ready");
        expected.Add(await PlacedAsync());
        await AdmitAsync(true);

        await Eventually.UntilAsync(async () => await StatusAsync() == HttpStatusCode.OK, "it is ready again");
        var inbox = await inboxes.InboxAsync(user, all => all.Count >= expected.Count, new(notifications.Channel));
        Assert.Equal(expected.Order(), inbox.Select(n => n.OrderId).Order());

        async Task<string> PlacedAsync() => (await inboxes.Orders.PlaceOrderAsync(Backends.AnOrder(user))).Order.OrderId;

        async Task<HttpStatusCode> StatusAsync()
        {
            using var answer = await http.GetAsync(new Uri($"{notifications.Management}/health/ready"));
            return answer.StatusCode;
        }

        async Task AdmitAsync(bool all)
        {
            var admin = new NpgsqlConnectionStringBuilder(database);
            var name = admin.Database!;
            admin.Database = "postgres";
            await using var source = NpgsqlDataSource.Create(admin);
            await using var allow = source.CreateCommand($"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {all}");
            await allow.ExecuteNonQueryAsync();
            if (all)
                return;
            await using var cut = source.CreateCommand($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            await cut.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task Where_events_are_gone_for_good_it_is_told_so_says_it_and_goes_on()
    {
        var address = $"http://127.0.0.1:{Eventually.FreePort()}";
        var user = (await inboxes.NewUserAsync()).UserId;
        string seen, later;
        await using (var before = await OrdersAsync(address))
        {
            await using (var notifications = await NotificationsAsync("reset", address))
            {
                seen = (await PlaceAsync(before, user)).OrderId;
                await inboxes.InboxAsync(user, all => all.Count == 1, new(notifications.Channel));
            }

            // Neither the log nor the database nor a process has what comes now, as after a retention that was too short.
            await PlaceAsync(before, user);
            var database = before.Services.GetRequiredService<Database<OrdersDbContext>>();
            await Eventually.UntilAsync(
                async () => await database.ReadAsync(context => context.OutboxTopics.AllAsync(t => t.RelayedOffset == t.LastOffset), default), "all is relayed");
            await database.WriteAsync(context => context.OutboxEvents.ExecuteDeleteAsync(), default);
        }

        await using (var connection = await ConnectionMultiplexer.ConnectAsync($"{redis.ConnectionString},allowAdmin=true"))
            await connection.GetServers()[0].FlushDatabaseAsync();

        await using var orders = await OrdersAsync(address);
        await using var again = await NotificationsAsync("reset", orders.Grpc);
        using var http = new HttpClient();
        await Eventually.UntilAsync(
            async () => (await http.GetStringAsync(new Uri($"{again.Management}/metrics"))).Split('\n')
                .Any(line => line.StartsWith("consumer_resets_total{", StringComparison.Ordinal) && !line.Contains("} 0 ", StringComparison.Ordinal)), "the reset is counted");
        later = (await PlaceAsync(orders, user)).OrderId;

        var inbox = await inboxes.InboxAsync(user, all => all.Count >= 2, new(again.Channel));
        Assert.Equal([later, seen], inbox.Select(n => n.OrderId));
    }

    private static async Task<Microservices.Orders.V1.Order> PlaceAsync(ServiceHost<OrdersDbContext> orders, string user) =>
        (await new Microservices.Orders.V1.OrdersService.OrdersServiceClient(orders.Channel).PlaceOrderAsync(Backends.AnOrder(user))).Order;

    private Task<ServiceHost<OrdersDbContext>> OrdersAsync(string address) => inboxes.AnotherOrdersAsync(
        ("ConnectionStrings:Database", $"Data Source={Path.Combine(folder, "orders.db")}"),
        ("ConnectionStrings:Redis", redis.ConnectionString),
        ("Kestrel:Endpoints:Grpc:Url", address));

    private Task<ServiceHost<NotificationsDbContext>> NotificationsAsync(string database, string orders, params (string Key, string Value)[] settings) =>
        inboxes.AnotherAsync(database, [("ConnectionStrings:Redis", redis.ConnectionString), ("Backends:Orders:Addresses:0", orders), .. settings]);
}
