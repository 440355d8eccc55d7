using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Google.Type;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Benchmarks;

/// <summary>The overview of one of 10,000 users with 5 orders each, on SQLite, at 64 connections, over HTTP/1.1.</summary>
internal static class OverviewScenario
{
    private const int Users = 10_000;
    private const int OrdersOfEach = 5;
    private const int Connections = 64;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        if (Wrk.WhyNot is { } missing)
            throw new InvalidOperationException(missing);
        var folder = Directory.CreateTempSubdirectory("benchmark-").FullName;
        try
        {
            await RunAsync(plan, folder, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RunAsync(Plan plan, string folder, CancellationToken cancellationToken)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var users = new ReplicaProcess("services/Users", Settings("users", []));
        await using var orders = new ReplicaProcess("services/Orders", Settings("orders", [("Backends__Users__Addresses__0", users.Address)]));
        (string, string)[] backends = [("Backends__Users__Addresses__0", users.Address), ("Backends__Orders__Addresses__0", orders.Address)];
        var (shipped, byHand) = (Address(), Address());
        await using var gateway = new ReplicaProcess("gateway", Settings("", [.. backends, ("Kestrel__Endpoints__Http__Url", shipped)]));
        await using var unary = new ReplicaProcess("tests/Benchmarks/Unary", Settings("", [.. backends, ("Kestrel__Endpoints__Http__Url", byHand)]));
        await Task.WhenAll(users.UntilReadyAsync(), orders.UntilReadyAsync(), gateway.UntilReadyAsync(), unary.UntilReadyAsync());

        Console.WriteLine($"Making {Users:N0} users with {OrdersOfEach} orders each");
        var ids = await SeedAsync(users.Address, orders.Address, cancellationToken);
        Random.Shared.Shuffle(ids);
        Contender[] contenders =
        [
            new("gateway", shipped, Wrk.Script(folder, "overview", ids.Select(id => $"/v1/users/{id}/overview")), [gateway, users, orders]),
            new("unary", byHand, Wrk.Script(folder, "unary", ids.Select(id => $"/v1/users/{id}/overview")), [unary, users, orders]),
            new("memory", byHand, Wrk.Script(folder, "memory", ids.Select(id => $"/memory/v1/users/{id}/overview")), [unary]),
        ];
        await RequireSameAsync(shipped, byHand, ids[0], cancellationToken);

        foreach (var contender in contenders)
        {
            if (plan.WarmUp > 0)
                await contender.MeasureAsync(plan.WarmUp, cancellationToken);
            contender.Rounds.Clear();
        }

        for (var round = 0; round < plan.Rounds; round++)
        {
            foreach (var contender in contenders)
                await contender.MeasureAsync(plan.Seconds, cancellationToken);
        }

        await ReportAsync(plan, contenders, cancellationToken);

        Dictionary<string, string> Settings(string database, (string Key, string Value)[] more) => new(more.Select(m => KeyValuePair.Create(m.Key, m.Value)))
        {
            ["ConnectionStrings__Database"] = $"Data Source={Path.Combine(folder, database)}.db",
            ["ConnectionStrings__Redis"] = redis.ConnectionString,
        };

        static string Address() => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Eventually.FreePort()}");
    }

    private static Task ReportAsync(Plan plan, Contender[] contenders, CancellationToken cancellationToken)
    {
        var report = new Report("overview", string.Create(CultureInfo.InvariantCulture,
            $"`GET /v1/users/{{id}}/overview`: {Users:N0} users x {OrdersOfEach} orders on SQLite, each in turn; wrk with {Connections} connections (closed loop), {plan.Rounds} rounds of {plan.Seconds} s, contenders in turns, after {plan.WarmUp} s of warm-up each. Users, Orders, the contender and wrk share the machine."));
        foreach (var contender in contenders)
        {
            report.Add($"{contender.Name}: requests/s", contender.Rounds.Select(r => r.Load.PerSecond));
            report.Add($"{contender.Name}: p50, ms", contender.Rounds.Select(r => r.Load.P50));
            report.Add($"{contender.Name}: p99, ms", contender.Rounds.Select(r => r.Load.P99));
            report.Add($"{contender.Name}: CPU of the servers, ms a request", contender.Rounds.Select(r => r.CpuMs));
            report.Add($"{contender.Name}: failed requests", contender.Rounds.Select(r => (double)r.Load.Failed));
        }

        var (gateway, unary, memory) = (contenders[0].Rounds, contenders[1].Rounds, contenders[2].Rounds);
        report.AddRatio("requests/s, gateway / unary", gateway.Select(r => r.Load.PerSecond), unary.Select(r => r.Load.PerSecond));
        report.AddRatio("requests/s, gateway / memory", gateway.Select(r => r.Load.PerSecond), memory.Select(r => r.Load.PerSecond));
        report.AddRatio("p99, gateway / unary", gateway.Select(r => r.Load.P99), unary.Select(r => r.Load.P99));
        return report.WriteAsync(plan.Results, cancellationToken);
    }

    private static async Task<string[]> SeedAsync(string usersAddress, string ordersAddress, CancellationToken cancellationToken)
    {
        using var usersChannel = GrpcChannel.ForAddress(usersAddress);
        using var ordersChannel = GrpcChannel.ForAddress(ordersAddress);
        var users = new UsersService.UsersServiceClient(usersChannel);
        var ids = new ConcurrentBag<string>();
        await Parallel.ForAsync(0, Users, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken }, async (i, cancel) =>
            ids.Add((await users.CreateUserAsync(new CreateUserRequest { DisplayName = $"User {i}", Email = $"user{i}@example.com" }, cancellationToken: cancel)).User.UserId));

        using var stream = new OrdersService.OrdersServiceClient(ordersChannel).PlaceOrders(cancellationToken: cancellationToken);
        var placing = Task.Run(async () =>
        {
            foreach (var id in ids)
            {
                for (var i = 0; i < OrdersOfEach; i++)
                {
                    await stream.RequestStream.WriteAsync(
                        new PlaceOrdersRequest
                        {
                            Reference = "r",
                            Command = new PlaceOrderRequest
                            {
                                UserId = id,
                                Lines = { new OrderLine { ProductId = "tea", Quantity = i + 1, UnitPrice = new Money { CurrencyCode = "EUR", Units = 6, Nanos = 250_000_000 } } },
                            },
                        }, cancellationToken);
                }
            }

            await stream.RequestStream.CompleteAsync();
        }, cancellationToken);
        await foreach (var answer in stream.ResponseStream.ReadAllAsync(cancellationToken))
        {
            if (answer.Error is { } error)
                throw new InvalidOperationException($"An order was refused: {error}");
        }

        await placing;
        return [.. ids];
    }

    /// <summary>Contenders that answer something else cannot be compared.</summary>
    private static async Task RequireSameAsync(string one, string other, string userId, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        using var first = JsonDocument.Parse(await http.GetStringAsync(new Uri($"{one}/v1/users/{userId}/overview"), cancellationToken));
        foreach (var path in (string[])["", "/memory"])
        {
            using var second = JsonDocument.Parse(await http.GetStringAsync(new Uri($"{other}{path}/v1/users/{userId}/overview"), cancellationToken));
            if (!JsonElement.DeepEquals(first.RootElement, second.RootElement))
                throw new InvalidOperationException($"The contenders do not answer the same:\n{first.RootElement}\n{second.RootElement}");
        }
    }

    /// <summary>One who answers, and what was measured of it.</summary>
    private sealed class Contender(string name, string address, string script, ReplicaProcess[] servers)
    {
        public string Name => name;

        public List<(Load Load, double CpuMs)> Rounds { get; } = [];

        public async Task MeasureAsync(int seconds, CancellationToken cancellationToken)
        {
            var before = servers.Sum(s => s.Cpu.TotalMilliseconds);
            var load = await Wrk.RunAsync(address, script, Connections, seconds, cancellationToken);
            var cpu = (servers.Sum(s => s.Cpu.TotalMilliseconds) - before) / (load.PerSecond * seconds);
            Rounds.Add((load, cpu));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-8} {load.PerSecond,8:0}/s  p50 {load.P50:0.00} ms  p99 {load.P99:0.00} ms  {cpu:0.000} ms CPU a request  {load.Failed} failed"));
        }
    }
}
