using System.Globalization;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using OrdersClient = Microservices.Orders.V1.OrdersService.OrdersServiceClient;
using UsersClient = Microservices.Users.V1.UsersService.UsersServiceClient;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>A PostgreSQL that is stopped and started again under load, beneath processes whose whole output is read.</summary>
public sealed class DatabaseOutageTests
{
    [FactNeeding(Need.PostgreSql)]
    public async Task A_database_that_is_away_under_load_is_a_line_when_it_goes_and_a_line_when_it_is_back_with_a_count()
    {
        await using var postgres = await PostgresServer.StartAsync();
        using var redis = new EmbeddedGarnet();
        var database = await postgres.CreateDatabaseAsync();
        await using var users = Start("services/Users");
        await using var orders = Start("services/Orders", ("Backends__Users__Addresses__0", users.Address));
        await using var notifications = Start("services/Notifications", ("Backends__Orders__Addresses__0", orders.Address));
        ReplicaProcess[] all = [users, orders, notifications];
        foreach (var process in all)
            await process.UntilReadyAsync();
        using var toUsers = Tokens.Channel(users.Address);
        using var toOrders = Tokens.Channel(orders.Address);
        var (ofUsers, ofOrders) = (new UsersClient(toUsers), new OrdersClient(toOrders));
        await ofUsers.CreateUserAsync(new CreateUserRequest { UserId = "ada", DisplayName = "Ada", Email = "ada@example.com" });
        await ofOrders.PlaceOrderAsync(Backends.AnOrder("ada"));
        var before = all.Select(process => Lines(process).Length).ToArray();

        await postgres.StopAsync();
        await Task.WhenAll(
            UntilAwayAsync(() => ofUsers.GetUserAsync(new GetUserRequest { UserId = "ada" }).ResponseAsync),
            UntilAwayAsync(() => ofUsers.UpdateUserAsync(new UpdateUserRequest { User = new User { UserId = "ada", DisplayName = "Countess", Version = 1 }, UpdateMask = new() { Paths = { "display_name" } } }).ResponseAsync),
            UntilAwayAsync(() => ofOrders.ListOrdersAsync(new ListOrdersRequest { UserId = "ada" }).ResponseAsync),
            UntilAwayAsync(() => ofOrders.CancelOrderAsync(new CancelOrderRequest { OrderId = "one" }).ResponseAsync));
        foreach (var process in all)
            await Eventually.UntilAsync(() => process.Output.Contains("The database is away", StringComparison.Ordinal), $"{process.Service} says that its database is away");
        await postgres.StartAgainAsync();
        foreach (var process in all)
            await Eventually.UntilAsync(() => process.Output.Contains("The database is back", StringComparison.Ordinal), $"{process.Service} says that its database is back");
        await ofOrders.PlaceOrderAsync(Backends.AnOrder("ada"), deadline: DateTime.UtcNow.AddSeconds(30));

        for (var i = 0; i < all.Length; i++)
        {
            var said = Lines(all[i])[before[i]..];
            Assert.True(said.Length <= 6, $"{all[i].Service} wrote {said.Length} lines:\n{string.Join('\n', said)}");
            Assert.DoesNotContain(said, line => line.StartsWith("   at ", StringComparison.Ordinal));
            // One that is tried in the very moment in which it goes or comes may make it two.
            Assert.InRange(said.Count(line => line.Contains("The database is away", StringComparison.Ordinal)), 1, 2);
        }

        // Each of the two of Users was refused so often.
        Assert.True(FailuresOf(users) >= 200, users.Output);

        ReplicaProcess Start(string folder, params (string Key, string Value)[] settings)
        {
            var named = settings.ToDictionary(s => s.Key, s => s.Value);
            named["ConnectionStrings__Database"] = database;
            named["ConnectionStrings__Redis"] = redis.ConnectionString;
            return new ReplicaProcess(folder, named);
        }
    }

    private static string[] Lines(ReplicaProcess process) => process.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static long FailuresOf(ReplicaProcess process) => Lines(process)
        .Where(line => line.Contains("The database is back", StringComparison.Ordinal))
        .Sum(line => long.Parse(line.Split("; ")[1].Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>Calls until it was told a hundred times that the database is away, and never anything else that is an error.</summary>
    private static async Task UntilAwayAsync<T>(Func<Task<T>> call)
    {
        var refused = 0;
        await Eventually.UntilAsync(async () =>
        {
            try
            {
                await call();
            }
            catch (RpcException exception) when (exception.StatusCode is not (StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.Aborted))
            {
                Assert.Equal(StatusCode.Unavailable, exception.StatusCode);
                refused++;
            }

            return refused == 100;
        }, "it is refused a hundred times");
    }
}
