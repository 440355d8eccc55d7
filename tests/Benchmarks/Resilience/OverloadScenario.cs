using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Resilience;

/// <summary>
/// Three times as many requests as a backend can answer. Orders takes 64 calls at a time and 46 ms for each, so that it can bear about 1,390 a
/// second, and what limits is neither the load generator nor the machine.
/// </summary>
internal static class OverloadScenario
{
    private const int AtATime = 64;
    private const double NominalPerSecond = AtATime / 0.046;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        if (Wrk.WhyNot is { } missing)
            throw new InvalidOperationException(missing);
        await using var suite = await SuiteProcesses.StartAsync();
        var users = suite.Start("services/Users", "users");
        var orders = suite.Start("services/Orders", "orders",
            [.. SuiteProcesses.Backend("Users", users), ("CallStreams__Credit", $"{AtATime}"), .. SuiteProcesses.Faults("Method=/orders.v1.OrdersService/LookupOrders Delay=00:00:00.046")]);
        var (limited, unlimited) = (SuiteProcesses.FreeAddress(), SuiteProcesses.FreeAddress());
        var with = Gateway(limited);
        var without = Gateway(unlimited, ("Backends__Orders__MinConcurrency", "65536"), ("Backends__Orders__MaxConcurrency", "65536"));
        await suite.UntilReadyAsync();

        // Nobody's orders are as good as anybody's; but nobody asks twice at the same time.
        var paths = Enumerable.Range(0, 20_000).Select(i => $"/v1/users/nobody-{i}/overview?fields=orders&strict=true").ToArray();
        var list = Path.Combine(suite.Folder, "paths.txt");
        await File.WriteAllLinesAsync(list, paths, cancellationToken);
        var script = Wrk.Script(suite.Folder, "peak", paths);

        await using var load = LoadProcess.Start("http");
        var measured = await Contest.RunAsync(plan, [Contender("with the limiter", limited, with), Contender("without", unlimited, without)], cancellationToken);
        var report = new Report("overload", $"`GET /v1/users/{{id}}/overview?fields=orders&strict=true` at the gateway, while Orders takes {AtATime} calls at a time and 46 ms for each. Unloaded: a tenth of what it can bear. Peak: wrk with {AtATime} connections. Overload: three times that peak, open loop; good answers count while requests are begun.", plan);
        report.Versions("Grpc.AspNetCore");
        report.Version("wrk", Machine.VersionOf("wrk", "-v"));
        var section = report.Add("", measured);
        foreach (var name in measured.Contenders)
        {
            Goal? For(Goal goal) => name == "without" ? null : goal;
            section.Ratio("goodput under overload, requests/s", name, name, For(Goal.AtLeast(0.9)), "peak, requests/s");
            section.Ratio("admitted p99 under overload, ms", name, name, For(Goal.AtMost(2)), "unloaded p99, ms");
        }

        section.Goal("refused p99, ms", "with the limiter", Goal.AtMost(5));
        await report.WriteAsync(cancellationToken);

        ReplicaProcess Gateway(string address, params (string, string)[] more) => suite.Start("gateway", "gateway",
            [.. SuiteProcesses.Backend("Users", users), .. SuiteProcesses.Backend("Orders", orders), ("Kestrel__Endpoints__Http__Url", address), ("Gateway__MaxUnverified", "00:00:00"), .. more]);

        Contender Contender(string name, string address, ReplicaProcess gateway) => new(
            name,
            [new("gateway", () => gateway.Pid), new("orders", () => orders.Pid)],
            async (seconds, cancel) =>
            {
                var unloaded = await AskAsync(NominalPerSecond / 10);
                var peak = await Wrk.RunAsync(address, script, AtATime, seconds, cancel);
                var overload = await AskAsync(3 * peak.PerSecond);
                return new Figures
                {
                    ["unloaded p50, ms"] = unloaded.Good.P50,
                    ["unloaded p99, ms"] = unloaded.Good.P99,
                    ["peak, requests/s"] = peak.PerSecond,
                    ["goodput under overload, requests/s"] = overload.GoodPerSecond,
                    ["admitted p50 under overload, ms"] = overload.Good.P50,
                    ["admitted p99 under overload, ms"] = overload.Good.P99,
                    ["refused, requests/s"] = overload.Refused.Count / overload.Seconds,
                    ["refused p50, ms"] = overload.Refused.P50,
                    ["refused p99, ms"] = overload.Refused.P99,
                    ["failed"] = overload.Failed.Count + unloaded.Failed.Count + peak.Failed,
                    ["not sent by the generator"] = overload.NotSent,
                };

                Task<OpenLoopResult> AskAsync(double perSecond) =>
                    load.AskAsync<OpenLoopResult>(new HttpLoadRequest(address, list, perSecond, seconds, Connections: 20_000), cancel);
            });
    }
}
