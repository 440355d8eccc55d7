namespace Microservices.Tests.Benchmarks.Slowest;

/// <summary>An aggregate takes as long as its slowest part, not the sum of its parts: Users takes 2 s for a call, Orders 3 s.</summary>
internal static class SlowestScenario
{
    private const int PerSecond = 20;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var (users2, orders3) = plan.Of((TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)), smoke: (TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.3)));
        await using var suite = await SuiteProcesses.StartAsync();
        var users = suite.Start("services/Users", "users", SuiteProcesses.Faults($"Method=/users.v1.UsersService/GetUser Delay={users2:c}", $"Method=/users.v1.UsersService/LookupUsers Delay={users2:c}"));
        var orders = suite.Start("services/Orders", "orders", [.. SuiteProcesses.Backend("Users", users), .. SuiteProcesses.Faults($"Method=/orders.v1.OrdersService/ListOrders Delay={orders3:c}", $"Method=/orders.v1.OrdersService/LookupOrders Delay={orders3:c}")]);
        var http = SuiteProcesses.FreeAddress();
        var gateway = suite.Start("gateway", "gateway", [.. SuiteProcesses.Backend("Users", users), .. SuiteProcesses.Backend("Orders", orders), ("Kestrel__Endpoints__Http__Url", http), ("Gateway__MaxUnverified", "00:00:00")]);
        await suite.UntilReadyAsync();

        var ids = await Seed.UsersAsync(users.Address, plan.Of(200, smoke: 20), cancellationToken);
        var together = Path.Combine(suite.Folder, "together.txt");
        var inTurn = Path.Combine(suite.Folder, "in-turn.txt");
        await File.WriteAllLinesAsync(together, ids.Select(id => $"/v1/users/{id}/overview"), cancellationToken);
        await File.WriteAllLinesAsync(inTurn, ids.Select(id => $"/v1/users/{id} /v1/users/{id}/orders"), cancellationToken);

        await using var load = LoadProcess.Start("http");
        Server[] servers = [new("gateway", () => gateway.Pid), new("users", () => users.Pid), new("orders", () => orders.Pid)];
        var measured = await Contest.RunAsync(plan with { WarmUp = Math.Min(plan.WarmUp, 5) }, [Contender("overview", together), Contender("one after the other", inTurn)], cancellationToken);
        measured.Add("limit: the slowest part", new Figures { ["p50, s"] = orders3.TotalSeconds });
        measured.Add("limit: the sum", new Figures { ["p50, s"] = (users2 + orders3).TotalSeconds });

        var report = new Report("slowest", $"The user and the user's orders, when Users takes {users2.TotalSeconds:0.#} s for a call and Orders {orders3.TotalSeconds:0.#} s (fault rules): as an overview, and as two requests one after the other. {PerSecond} begun a second, open loop.", plan);
        report.Versions("Grpc.AspNetCore");
        var section = report.Add("", measured);
        var limit = measured.Find("overview", "p50, s")!.Select(p => p / orders3.TotalSeconds);
        section.Computed("p50: overview / the slowest part", limit, Goal.AtMost(1.05));
        section.Computed("p99: overview / the slowest part", measured.Find("overview", "p99, s")!.Select(p => p / orders3.TotalSeconds));
        section.Ratio("p50, s", "overview", "one after the other");
        await report.WriteAsync(cancellationToken);

        Contender Contender(string name, string paths) => new(name, servers, async (seconds, cancel) =>
        {
            var result = await load.AskAsync<OpenLoopResult>(new HttpLoadRequest(http, paths, PerSecond, seconds, Connections: 1000), cancel);
            return new Figures { ["p50, s"] = result.Good.P50 / 1000, ["p99, s"] = result.Good.P99 / 1000, ["failed"] = result.Failed.Count + result.Refused.Count };
        });
    }
}
