using System.Globalization;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>What streams cost on which nothing happens.</summary>
internal static class IdleScenario
{
    private const string OfStream = "memory a stream, bytes";
    private const string OfSubscription = "memory a further subscription, bytes";
    private const int SubscriptionsOfEach = 100;
    private const int Topics = 1_000;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var (streams, shared) = (plan.Of(10_000, smoke: 100), plan.Of(1_000, smoke: 10));
        var report = new Report("idle", string.Create(CultureInfo.InvariantCulture, $"One replica, started anew for each measurement, that 100 streams have come and gone at. Its resident memory grows by {streams:N0} streams with one subscription each; and, after another start, by {shared:N0} streams with {SubscriptionsOfEach} each, to {Topics:N0} topics. Clients say every 15 s that they are there."), plan);
        report.Versions("Grpc.AspNetCore", "StackExchange.Redis", "Microsoft.AspNetCore.SignalR.StackExchangeRedis");
        await using var suite = await SuiteProcesses.StartAsync();
        var contenders = StreamContender.Start(suite, replicas: 1, bare: true);
        try
        {
            await suite.UntilReadyAsync();
            var measured = await Contest.RunAsync(plan with { WarmUp = 0 }, [.. contenders.Select(c => new Contender(c.Name, [], (seconds, cancel) => MeasureAsync(c, seconds, cancel)))], cancellationToken);
            var section = report.Add("", measured);
            section.Goal(OfStream, "event streams", Goal.AtMost(10 * 1024));
            section.Goal(OfSubscription, "event streams", Goal.AtMost(1024));
            section.Ratio(OfStream, "event streams", "SignalR");
            section.Ratio(OfStream, "event streams", "bare gRPC");
            await report.WriteAsync(cancellationToken);
        }
        finally
        {
            foreach (var contender in contenders)
                await contender.DisposeAsync();
        }

        async Task<Figures> MeasureAsync(StreamContender contender, int seconds, CancellationToken cancel)
        {
            var (memory, cpu) = await GrowthAsync(contender, streams, 1, seconds, cancel);
            var figures = new Figures { [OfStream] = memory / streams, [$"CPU with {streams} streams, % of a core"] = cpu };
            // A bare stream follows one topic.
            if (contender.Name == "bare gRPC")
                return figures;
            (memory, cpu) = await GrowthAsync(contender, shared, SubscriptionsOfEach, seconds, cancel);
            figures[OfSubscription] = (memory - (shared * figures[OfStream])) / (shared * (SubscriptionsOfEach - 1));
            figures[$"CPU with {shared * SubscriptionsOfEach} subscriptions, % of a core"] = cpu;
            return figures;
        }

        async Task<(double Memory, double Cpu)> GrowthAsync(StreamContender contender, int count, int each, int seconds, CancellationToken cancel)
        {
            var replica = contender.Replicas[0];
            await replica.KillAsync();
            replica.Start();
            await replica.UntilReadyAsync();
            await contender.SubscribeAsync(plan.Of(100, smoke: 10), 1, Topics, cancel);
            await contender.UnsubscribeAsync();
            await SettleAsync();
            var before = ProcessUsage.Of(replica.Pid).Resident;
            await contender.SubscribeAsync(count, each, Topics, cancel);
            await SettleAsync();
            var start = ProcessUsage.Of(replica.Pid);
            await Task.Delay(TimeSpan.FromSeconds(seconds), cancel);
            var end = ProcessUsage.Of(replica.Pid);
            await contender.UnsubscribeAsync();
            return (end.Resident - before, (end.Cpu - start.Cpu).TotalSeconds / seconds * 100);
        }

        Task SettleAsync() => Task.Delay(TimeSpan.FromSeconds(plan.Of(5, smoke: 1)), cancellationToken);
    }
}
