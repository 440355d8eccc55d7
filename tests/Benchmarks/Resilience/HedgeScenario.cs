using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Resilience;

/// <summary>What a second copy of a slow call brings, and costs: two replicas of Users, of whose calls some are slow by 100 ms.</summary>
internal static class HedgeScenario
{
    private const double Budget = 0.05;

    // The hedge delay is the p95, but no less than this (CallStreamClientOptions.MinHedgeDelay).
    private const double MinHedgeDelay = 1;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var perSecond = plan.Of(1000, smoke: 100);
        await using var suite = await SuiteProcesses.StartAsync();
        var some = Replicas("0.01");
        var all = Replicas("1");
        await suite.UntilReadyAsync();
        var ids = await Seed.UsersAsync(some[0].Address, plan.Of(1000, smoke: 50), cancellationToken);

        var report = new Report("hedge", $"Users looked up over call streams at two replicas on one SQLite database, whose calls are slow by 100 ms at random (a fault rule). {perSecond:N0} calls begun a second, open loop.", plan);
        report.Versions("Grpc.AspNetCore");
        foreach (var (title, replicas) in new[] { ("1 % of calls slow by 100 ms", some), ("100 % of calls slow by 100 ms", all) })
        {
            await using var with = LoadProcess.Start("lookup");
            await using var without = LoadProcess.Start("lookup");
            var measured = await Contest.RunAsync(plan, [Contender("with hedging", with, Budget, replicas), Contender("without", without, 0, replicas)], cancellationToken);
            var section = report.Add(title, measured);
            section.Goal("extra calls, %", "with hedging", Goal.AtMost(5));
            if (replicas == some)
            {
                var p99 = measured.Find("with hedging", "p99, ms")!;
                var p95 = measured.Find("with hedging", "p95, ms")!;
                section.Computed("p99 / (hedge delay + 2 x p95): with hedging", p99.Zip(p95, (a, b) => a / (Math.Max(b, MinHedgeDelay) + (2 * b))), Goal.AtMost(1));
            }

            section.Ratio("p99, ms", "with hedging", "without");
        }

        await report.WriteAsync(cancellationToken);

        ReplicaProcess[] Replicas(string probability) =>
        [
            .. Enumerable.Range(0, 2).Select(_ => suite.Start("services/Users", "users", SuiteProcesses.Faults($"Method=/users.v1.UsersService/LookupUsers Delay=00:00:00.1 Probability={probability}"))),
        ];

        Contender Contender(string name, LoadProcess load, double budget, ReplicaProcess[] replicas) => new(
            name,
            [.. replicas.Select((r, i) => new Server($"users#{i + 1}", () => r.Pid))],
            async (seconds, cancel) =>
            {
                var result = await load.AskAsync<LookupLoadResult>(new LookupLoadRequest([.. replicas.Select(r => r.Address)], budget, ids, perSecond, seconds), cancel);
                return new Figures
                {
                    ["p50, ms"] = result.Calls.Good.P50,
                    ["p95, ms"] = result.Calls.Good.P95,
                    ["p99, ms"] = result.Calls.Good.P99,
                    ["p99.9, ms"] = result.Calls.Good.P999,
                    ["extra calls, %"] = 100.0 * result.Hedges / result.Sent,
                    ["extra calls that won, %"] = 100.0 * result.HedgesWon / result.Sent,
                    ["failed"] = result.Calls.Failed.Count + result.Calls.NotSent,
                    Operations = result.Sent,
                };
            });
    }
}
