using System.Net;
using Google.Rpc;
using Grpc.Core;
using Microservices.Orders;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrdersClient = Microservices.Orders.V1.OrdersService.OrdersServiceClient;

namespace Microservices.Tests.Integration.Persistence;

public sealed class FullDiskTests(Backends backends) : IClassFixture<Backends>
{
    private static readonly HttpClient Http = new();

    [Theory]
    [InlineData("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "full")]
    [InlineData("PRAGMA query_only = 1", "PRAGMA query_only = 0", "readonly")]
    public async Task While_a_database_takes_no_writes_these_are_unavailable_health_says_why_and_reads_go_on(string close, string open, string cause)
    {
        var directory = Directory.CreateTempSubdirectory("suite-").FullName;
        await using (var host = await backends.AnotherOrdersAsync(("ConnectionStrings:Database", $"Data Source={directory}/orders.db")))
        {
            var orders = new OrdersClient(host.Channel);
            var user = (await backends.NewUserAsync()).UserId;
            var placed = (await orders.PlaceOrderAsync(Backends.AnOrder(user))).Order;
            string database;
            await using (var context = await host.Services.GetRequiredService<IDbContextFactory<OrdersDbContext>>().CreateDbContextAsync())
                database = context.Database.GetConnectionString()!;

            RpcException? refused = null;
            await Eventually.UntilAsync(async () =>
            {
                await OnConnectionsAsync(database, close);
                try
                {
                    await orders.PlaceOrderAsync(Backends.AnOrder(user));
                }
                catch (RpcException exception)
                {
                    refused = exception;
                }

                return refused is not null;
            }, "a write is refused");
            Assert.Equal(StatusCode.Unavailable, refused!.StatusCode);
            Assert.NotNull(refused.GetRpcStatus()!.GetDetail<RetryInfo>());

            // Degraded: what only reads is still served.
            var (status, health) = await ReadyAsync();
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Contains("\"writes\":{\"status\":\"Degraded\",\"description\":\"Not ready for writes: SQLite Error", health, StringComparison.Ordinal);
            Assert.Contains(cause, health, StringComparison.Ordinal);
            Assert.Contains("\"database\":{\"status\":\"Healthy\"}", health, StringComparison.Ordinal);
            Assert.Equal(placed, (await orders.GetOrderAsync(new GetOrderRequest { OrderId = placed.OrderId })).Order);

            // Nobody calls it: it finds out by itself.
            await Eventually.UntilAsync(async () =>
            {
                await OnConnectionsAsync(database, open);
                return (await ReadyAsync()).Health.Contains("\"writes\":{\"status\":\"Healthy\"}", StringComparison.Ordinal);
            }, "it is ready for writes again");
            await orders.PlaceOrderAsync(Backends.AnOrder(user));

            async Task<(HttpStatusCode Status, string Health)> ReadyAsync()
            {
                using var answer = await Http.GetAsync(new Uri($"{host.Management}/health/ready"));
                return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
            }
        }

        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Such a limit is the connection's, and the service's are in the pool: more of them than it uses at a time are taken and given back.</summary>
    private static async Task OnConnectionsAsync(string database, string pragma)
    {
        var taken = new List<SqliteConnection>();
        for (var i = 0; i < 16; i++)
        {
            var connection = new SqliteConnection(database);
            taken.Add(connection);
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = pragma;
            await command.ExecuteNonQueryAsync();
        }

        foreach (var connection in taken)
            await connection.DisposeAsync();
    }
}
