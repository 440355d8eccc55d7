using System.Globalization;
using Microservices.Tests.Benchmarks.Resilience;

namespace Microservices.Tests.Benchmarks.Scale;

/// <summary>
/// What becomes of throughput, latency and cost when there is ten and a hundred times as much of one thing, all else being equal. The
/// sizes are measured in turns, like contenders; the ratios are each size to the smallest.
/// </summary>
internal static class ScaleScenario
{
    private const int OrdersOfEach = 5;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        if (Wrk.WhyNot is { } missing)
            throw new InvalidOperationException(missing);
        var report = new Report("scale", "The same load, with ten and a hundred times as much of one thing. Ratios are to the smallest; 1 is a flat line.", plan with { WarmUp = Math.Min(plan.WarmUp, 10) });
        report.Versions("Grpc.AspNetCore", "Microsoft.EntityFrameworkCore.Sqlite", "StackExchange.Redis");
        report.Version("redis-server", Machine.VersionOf("redis-server"));
        report.Version("wrk", Machine.VersionOf("wrk", "-v"));
        var settled = plan with { WarmUp = Math.Min(plan.WarmUp, 10) };

        await UsersAsync(settled, report, cancellationToken);
        await ReplicasAsync(settled, report, cancellationToken);
        await EventsAsync(settled, report, "Topics (200 orders/s over all of them, one subscriber each)", plan.Of<int[]>([10, 100, 1000], smoke: [2, 20]), topics: true, perSecond: 200, cancellationToken);
        await EventsAsync(settled, report, "Subscribers (one topic, 20 orders/s)", plan.Of<int[]>([10, 100, 1000], smoke: [2, 20]), topics: false, perSecond: 20, cancellationToken);
        report.Note("Replicas are not measured at x100: a hundred processes on two cores would show the machine's scheduler.");
        await report.WriteAsync(cancellationToken);
    }

    private static async Task UsersAsync(Plan plan, Report report, CancellationToken cancellationToken)
    {
        await using var suite = await SuiteProcesses.StartAsync();
        var contenders = new List<Contender>();
        foreach (var count in plan.Of<int[]>([1_000, 10_000, 100_000], smoke: [10, 100]))
        {
            var name = Name(count, "users");
            var http = SuiteProcesses.FreeAddress();
            var users = suite.Start("services/Users", $"users{count}");
            var orders = suite.Start("services/Orders", $"orders{count}", SuiteProcesses.Backend("Users", users));
            var gateway = suite.Start("gateway", "gateway", [.. SuiteProcesses.Backend("Users", users), .. SuiteProcesses.Backend("Orders", orders), ("Kestrel__Endpoints__Http__Url", http)]);
            await suite.UntilReadyAsync();
            var ids = await Seed.UsersAsync(users.Address, count, cancellationToken);
            await Seed.OrdersAsync(orders.Address, ids, OrdersOfEach, cancellationToken);
            var script = Wrk.Script(suite.Folder, $"overview{count}", ids.Select(id => $"/v1/users/{id}/overview"));
            contenders.Add(new(name, [new("gateway", () => gateway.Pid), new("users", () => users.Pid), new("orders", () => orders.Pid)], async (seconds, cancel) =>
                (await Wrk.RunAsync(http, script, 64, seconds, cancel)).ToFigures()));
        }

        Slopes(report.Add($"Users (overview, {OrdersOfEach} orders each, 64 connections)", await Contest.RunAsync(plan, contenders, cancellationToken)), contenders, "requests/s", "p99, ms", Contest.CpuAnOperation);
    }

    private static async Task ReplicasAsync(Plan plan, Report report, CancellationToken cancellationToken)
    {
        var perSecond = plan.Of(1000, smoke: 100);
        await using var suite = await SuiteProcesses.StartAsync();
        var replicas = Enumerable.Range(0, plan.Of(10, smoke: 2)).Select(_ => suite.Start("services/Users", "users")).ToArray();
        await suite.UntilReadyAsync();
        var ids = await Seed.UsersAsync(replicas[0].Address, plan.Of(1000, smoke: 20), cancellationToken);
        await using var one = LoadProcess.Start("lookup");
        await using var all = LoadProcess.Start("lookup");
        Contender[] contenders = [Contender(one, 1), Contender(all, replicas.Length)];
        Slopes(report.Add($"Replicas of Users ({perSecond:N0} lookups/s, open loop)", await Contest.RunAsync(plan, contenders, cancellationToken)), contenders, "p50, ms", "p99, ms", Contest.CpuAnOperation);

        Contender Contender(LoadProcess load, int count) => new(
            Name(count, "replicas"),
            [new("the caller", () => load.Pid), .. replicas.Take(count).Select((r, i) => new Server($"users#{i + 1}", () => r.Pid))],
            async (seconds, cancel) =>
            {
                var result = await load.AskAsync<LookupLoadResult>(new LookupLoadRequest([.. replicas.Take(count).Select(r => r.Address)], 0, ids, perSecond, seconds), cancel);
                return new Figures { ["p50, ms"] = result.Calls.Good.P50, ["p99, ms"] = result.Calls.Good.P99, ["failed"] = result.Calls.Failed.Count, Operations = result.Sent };
            });
    }

    private static async Task EventsAsync(Plan plan, Report report, string title, int[] counts, bool topics, double perSecond, CancellationToken cancellationToken)
    {
        await using var suite = await SuiteProcesses.StartAsync();
        var users = suite.Start("services/Users", "users");
        await suite.UntilReadyAsync();
        var ids = await Seed.UsersAsync(users.Address, counts[^1], cancellationToken);
        var loads = new List<LoadProcess>();
        try
        {
            var contenders = new List<Contender>();
            foreach (var count in counts)
            {
                // Each with a service and a Redis of its own: a subscriber costs even while nothing happens.
                var orders = suite.Start("services/Orders", $"orders{count}", [.. SuiteProcesses.Backend("Users", users), ("EventLog__KeyPrefix", $"x{count}")]);
                var load = LoadProcess.Start("watch");
                loads.Add(load);
                contenders.Add(new(Name(count, topics ? "topics" : "subscribers"), [new("orders", () => orders.Pid), new("redis", () => suite.Redis.Pid)], async (seconds, cancel) =>
                {
                    var result = await load.AskAsync<WatchLoadResult>(new WatchLoadRequest(orders.Address, topics ? ids[..count] : ids[..1], topics ? 1 : count, perSecond, seconds), cancel);
                    return new Figures { ["deliveries/s"] = result.Deliveries.Count / (double)seconds, ["p50, ms"] = result.Deliveries.P50, ["p99, ms"] = result.Deliveries.P99, ["missing"] = result.Missing, Operations = result.Deliveries.Count };
                }));
            }

            await suite.UntilReadyAsync();
            Slopes(report.Add(title, await Contest.RunAsync(plan, contenders, cancellationToken)), contenders, "deliveries/s", "p99, ms", Contest.CpuAnOperation);
        }
        finally
        {
            foreach (var load in loads)
                await load.DisposeAsync();
        }
    }

    private static void Slopes(Section section, IReadOnlyList<Contender> contenders, params string[] figures)
    {
        foreach (var contender in contenders.Skip(1))
        {
            foreach (var figure in figures)
                section.Ratio(figure, contender.Name, contenders[0].Name);
        }
    }

    private static string Name(int count, string things) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? things[..^1] : things)}");
}
