using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Orders;

/// <summary>How many orders a second become durable, by command streams and by unary calls, on SQLite and on PostgreSQL.</summary>
internal static class OrdersScenario
{
    private const int Batch = 128;

    // Of one stream: a batch that is being placed, and the next one. Many streams fill batches of their own less.
    private const int Alone = 256;
    private const int AmongMany = 32;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var many = plan.Of(64, smoke: 2);
        var report = new Report("orders", $"Orders of one line, each with an idempotency key, that were answered as placed: PlaceOrders with 1 stream ({Alone} commands unanswered) and {many} streams ({AmongMany} each), and unary PlaceOrder by 1 and {many} callers, closed loop. The limit: prepared INSERTs of the same rows (order, events, idempotency key) on one connection, {Batch} orders a transaction. PostgreSQL with fsync.", plan);
        report.Versions("Grpc.AspNetCore", "Microsoft.EntityFrameworkCore.Sqlite", "Npgsql.EntityFrameworkCore.PostgreSQL");
        report.Version("postgres", Machine.VersionOf("postgres"));

        await using var suite = await SuiteProcesses.StartAsync();
        var users = suite.Start("services/Users", "users");
        await suite.UntilReadyAsync();
        var ids = await Seed.UsersAsync(users.Address, plan.Of(1000, smoke: 20), cancellationToken);

        var file = (string name) => $"Data Source={Path.Combine(suite.Folder, name)}.db";
        await MeasureAsync("SQLite", file("orders"), file("raw"), null);

        if (Needs.Program("initdb") is null)
        {
            report.LeaveOut("PostgreSQL", "it is not installed (Debian: postgresql)");
        }
        else
        {
            await using var postgres = await PostgresServer.StartAsync(durable: true);
            await MeasureAsync("PostgreSQL", await postgres.CreateDatabaseAsync(), await postgres.CreateDatabaseAsync(), new Server("postgres", () => postgres.Pid));
        }

        await report.WriteAsync(cancellationToken);

        async Task MeasureAsync(string title, string database, string empty, Server? server)
        {
            var orders = suite.Start("services/Orders", "orders", [.. SuiteProcesses.Backend("Users", users), ("ConnectionStrings__Database", database)]);
            // Makes the tables, and goes.
            var migrator = suite.Start("services/Orders", "raw", [.. SuiteProcesses.Backend("Users", users), ("ConnectionStrings__Database", empty)]);
            await suite.UntilReadyAsync();
            await migrator.StopAsync();

            await using var load = LoadProcess.Start("orders");
            await using var inserts = LoadProcess.Start("insert");
            Server[] servers = [new("orders", () => orders.Pid), new("users", () => users.Pid), .. server is null ? Array.Empty<Server>() : [server]];
            var measured = await Contest.RunAsync(
                plan with { WarmUp = Math.Min(plan.WarmUp, 8) },
                [
                    Place("1 stream", byStream: true, 1), Place($"{many} streams", byStream: true, many),
                    Place("1 unary caller", byStream: false, 1), Place($"{many} unary callers", byStream: false, many),
                    new("INSERTs (limit)", server is null ? [] : [server], async (seconds, cancel) =>
                        new Figures { ["orders/s"] = (await inserts.AskAsync<InsertLoadResult>(new InsertLoadRequest(database, empty, plan.Of(20_000, smoke: 500), Batch, seconds), cancel)).PerSecond }),
                ],
                cancellationToken);
            await orders.StopAsync();

            var section = report.Add(title, measured);
            section.Ratio("orders/s", "1 stream", "1 unary caller");
            section.Ratio("orders/s", $"{many} streams", $"{many} unary callers");
            section.Ratio("orders/s", "1 stream", "INSERTs (limit)");
            section.Ratio("orders/s", $"{many} streams", "INSERTs (limit)");

            Contender Place(string name, bool byStream, int callers) => new(name, servers, async (seconds, cancel) =>
            {
                var result = await load.AskAsync<OrdersLoadResult>(new OrdersLoadRequest(orders.Address, ids, byStream, callers, callers == 1 ? Alone : AmongMany, seconds), cancel);
                return new Figures
                {
                    ["orders/s"] = result.PerSecond,
                    ["p50, ms"] = result.Latencies.P50,
                    ["p99, ms"] = result.Latencies.P99,
                    ["failed"] = result.Failed,
                    Operations = result.PerSecond * seconds,
                };
            });
        }
    }
}
