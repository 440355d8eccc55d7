using System.Globalization;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>Many topics, a few of them on each stream, and nobody else follows them.</summary>
internal static class TopicsScenario
{
    private const int TopicsOfEach = 10;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var topics = plan.Of(10_000, smoke: 100);
        var report = new Report("topics", string.Create(CultureInfo.InvariantCulture, $"{topics:N0} topics, {TopicsOfEach} subscriptions on each of {topics / TopicsOfEach:N0} streams to two replicas, through redis-server; events to all topics in turn. SignalR: a group each."), plan);
        report.Versions("Grpc.AspNetCore", "StackExchange.Redis", "Microsoft.AspNetCore.SignalR.StackExchangeRedis", "Microsoft.AspNetCore.SignalR.Protocols.MessagePack");
        await using var suite = await SuiteProcesses.StartAsync();
        var contenders = StreamContender.Start(suite, replicas: 2, bare: false);
        try
        {
            await suite.UntilReadyAsync();
            foreach (var contender in contenders)
                await contender.SubscribeAsync(topics / TopicsOfEach, TopicsOfEach, topics, cancellationToken);

            report.Add("quiet: one event a second", await Contest.RunAsync(plan with { WarmUp = 0 }, [.. contenders.Select(c => new Contender(
                c.Name,
                [.. c.Servers, new Server("redis (of all contenders)", () => suite.Redis.Pid)],
                async (seconds, cancel) => new Figures { ["p99, ms"] = (await c.MeasureAsync(1, seconds, cancel))["p99, ms"] }))], cancellationToken));
            await StreamContest.RunAsync(plan, report, contenders, "busy", plan.Of(1_000, smoke: 100), cancellationToken);
            await report.WriteAsync(cancellationToken);
        }
        finally
        {
            foreach (var contender in contenders)
                await contender.DisposeAsync();
        }
    }
}
