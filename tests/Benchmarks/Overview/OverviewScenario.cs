using System.Globalization;
using System.Text.Json;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Overview;

/// <summary>The overview of one of 10,000 users with 5 orders each, on SQLite, over HTTP/1.1, at several numbers of connections.</summary>
internal static class OverviewScenario
{
    private const int OrdersOfEach = 5;
    private const int PlacedASecond = 500;
    private static readonly string[] Prefixes = ["", "/memory"];

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        if (Wrk.WhyNot is { } missing)
            throw new InvalidOperationException(missing);
        var userCount = plan.Of(10_000, smoke: 50);
        await using var suite = await SuiteProcesses.StartAsync();
        var users = suite.Start("services/Users", "users");
        var orders = suite.Start("services/Orders", "orders", SuiteProcesses.Backend("Users", users));
        (string, string)[] backends = [.. SuiteProcesses.Backend("Users", users), .. SuiteProcesses.Backend("Orders", orders)];
        var (shipped, asking, byHand) = (SuiteProcesses.FreeAddress(), SuiteProcesses.FreeAddress(), SuiteProcesses.FreeAddress());
        var gateway = suite.Start("gateway", "gateway", [.. backends, ("Kestrel__Endpoints__Http__Url", shipped)]);
        var asker = suite.Start("gateway", "asker", [.. backends, ("Kestrel__Endpoints__Http__Url", asking), ("Gateway__MaxUnverified", "00:00:00")]);
        var unary = suite.Start("tests/Benchmarks/Unary", "unary", [.. backends, ("Kestrel__Endpoints__Http__Url", byHand)]);
        await suite.UntilReadyAsync();

        var ids = await Seed.UsersAsync(users.Address, userCount, cancellationToken);
        await Seed.OrdersAsync(orders.Address, ids, OrdersOfEach, cancellationToken);
        var report = new Report("overview", $"`GET /v1/users/{{id}}/overview` over HTTP/1.1: {userCount:N0} users x {OrdersOfEach} orders on SQLite, each in turn, with a token of its own; wrk, a closed loop. The gateway as shipped gives a part without asking while it knows that the part was current up to 1 s ago; the gateway that asks has `Gateway:MaxUnverified` 0, so that it asks both services every time. FastAPI has a worker process a core.", plan);
        report.Versions("Grpc.AspNetCore", "Google.Protobuf", "Microsoft.EntityFrameworkCore.Sqlite");
        report.Version("wrk", Machine.VersionOf("wrk", "-v"));
        var python = SuiteProcesses.FreeAddress();
        await using var fastApi = await FastApi.StartAsync(report, python, suite, users, orders, cancellationToken);
        await RequireSameAsync([shipped, asking, byHand, byHand + "/memory", .. fastApi is null ? Array.Empty<string>() : [python]], ids[0], cancellationToken);

        Server[] behind = [new("users", () => users.Pid), new("orders", () => orders.Pid)];
        // Everybody asks in its own name.
        string[] tokens = [.. LoadToken.Of(ids)];
        var scripts = Prefixes.ToDictionary(prefix => prefix, prefix => Wrk.Script(suite.Folder, "overview" + prefix.Replace('/', '-'), ids.Select(id => $"{prefix}/v1/users/{id}/overview"), tokens));

        foreach (var connections in plan.Of<int[]>([64, 8, 256], smoke: [8]))
        {
            var measured = await Contest.RunAsync(plan,
            [
                .. OfCSharp(connections, placed: 0),
                .. fastApi is null ? Array.Empty<Contender>() : [Contender("FastAPI", python, "", connections, [new("FastAPI", () => fastApi.Pid), .. behind])],
                Contender("memory", byHand, "/memory", connections, [new("unary", () => unary.Pid)]),
            ], cancellationToken);
            var section = report.Add(string.Create(CultureInfo.InvariantCulture, $"{connections} connections"), measured);
            section.Ratio("requests/s", "gateway", "unary", Goal.AtLeast(2.5));
            section.Ratio("requests/s", "gateway that asks", "unary");
            section.Ratio("requests/s", "gateway", "FastAPI", Goal.AtLeast(20));
            section.Ratio("requests/s", "gateway", "memory", Goal.AtLeast(0.85));
            section.Ratio("p99, ms", "gateway", "unary", Goal.AtMost(1));
        }

        var ofMany = plan.Of(64, smoke: 8);
        var meanwhile = report.Add(
            string.Create(CultureInfo.InvariantCulture, $"{ofMany} connections, while {PlacedASecond} orders/s are placed"),
            await Contest.RunAsync(plan, OfCSharp(ofMany, PlacedASecond), cancellationToken));
        meanwhile.Ratio("requests/s", "gateway", "unary");
        meanwhile.Ratio("requests/s", "gateway that asks", "unary");
        await report.WriteAsync(cancellationToken);

        Contender[] OfCSharp(int connections, int placed) =>
        [
            Contender("gateway", shipped, "", connections, [new("gateway", () => gateway.Pid), .. behind], placed),
            Contender("gateway that asks", asking, "", connections, [new("asker", () => asker.Pid), .. behind], placed),
            Contender("unary", byHand, "", connections, [new("unary", () => unary.Pid), .. behind], placed),
        ];

        Contender Contender(string name, string address, string prefix, int connections, Server[] servers, int placed = 0) => new(name, servers, async (seconds, cancel) =>
        {
            await using var placing = new Placing(orders.Address, ids, placed);
            return (await Wrk.RunAsync(address, scripts[prefix], connections, seconds, cancel)).ToFigures();
        });
    }

    /// <summary>Contenders that answer something else cannot be compared.</summary>
    private static async Task RequireSameAsync(string[] contenders, string userId, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(Tokens.Bearer(new SocketsHttpHandler(), LoadToken.Value));
        var answers = await Task.WhenAll(contenders.Select(c => http.GetStringAsync(new Uri($"{c}/v1/users/{userId}/overview"), cancellationToken)));
        using var first = JsonDocument.Parse(answers[0]);
        foreach (var answer in answers.Skip(1))
        {
            using var other = JsonDocument.Parse(answer);
            if (!JsonElement.DeepEquals(first.RootElement, other.RootElement))
                throw new InvalidOperationException($"The contenders do not answer the same:\n{first.RootElement}\n{other.RootElement}");
        }
    }
}
