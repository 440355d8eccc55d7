using System.Globalization;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>One of two replicas is killed while events come.</summary>
internal static class RecoverScenario
{
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(3);

    // Beyond SignalR's second attempt, so that it is seen to come back.
    private static readonly TimeSpan After = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan AfterInSmoke = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var after = plan.Of(After, AfterInSmoke);
        var (subscribers, topics, rate) = (plan.Of(1_000, smoke: 50), plan.Of(100, smoke: 10), plan.Of(1_000, smoke: 100));
        var report = new Report("recover", string.Create(CultureInfo.InvariantCulture, $"{subscribers:N0} subscribers of {topics} topics on two replicas, {rate:N0} events/s; one replica gets SIGKILL. Caught up: from then until everything was settled that had happened; what a subscriber never got is settled when it gets something later. Clients go to the other replica at once: ours as it does, SignalR's by an address that changes with each attempt, as behind a balancer."), plan);
        report.Versions("Grpc.AspNetCore", "StackExchange.Redis", "Microsoft.AspNetCore.SignalR.Client", "Microsoft.AspNetCore.SignalR.StackExchangeRedis");
        await using var suite = await SuiteProcesses.StartAsync();
        var contenders = StreamContender.Start(suite, replicas: 2, bare: false, ours: Transport.EventStreamClient);
        try
        {
            await suite.UntilReadyAsync();
            var measured = await Contest.RunAsync(plan with { WarmUp = 0 }, [.. contenders.Select(c => new Contender(c.Name, [], (_, cancel) => MeasureAsync(c, cancel)))], cancellationToken);
            var section = report.Add("", measured);
            section.Goal("lost", "event streams", Goal.AtMost(0));
            section.Goal("caught up after p99, ms", "event streams", Goal.AtMost(1_000));
            section.Ratio("caught up after p99, ms", "event streams", "SignalR");
            await report.WriteAsync(cancellationToken);
        }
        finally
        {
            foreach (var contender in contenders)
                await contender.DisposeAsync();
        }

        async Task<Figures> MeasureAsync(StreamContender contender, CancellationToken cancel)
        {
            await contender.SubscribeAsync(subscribers, topicsOfEach: 1, topics, cancel);
            // Compiles what is run.
            await contender.SettleAsync(await contender.PublishAsync(rate, 1, cancel), cancel);
            await contender.MarkAsync(cancel);
            var publishing = contender.PublishAsync(rate, (Before + after).TotalSeconds, cancel);
            await Task.Delay(Before, cancel);
            var fault = DateTime.UtcNow;
            await contender.Replicas[0].KillAsync();
            var published = await publishing;
            var window = await contender.SettleAsync(published, cancel);
            var recovery = await contender.ReadRecoveryAsync(fault, after.TotalSeconds, cancel);
            await contender.UnsubscribeAsync();
            contender.Replicas[0].Start();
            await contender.Replicas[0].UntilReadyAsync();
            return new Figures
            {
                ["caught up after p50, ms"] = recovery.P50,
                ["caught up after p99, ms"] = recovery.P99,
                ["caught up after max, ms"] = recovery.Max,
                ["deliveries"] = window.Deliveries,
                ["lost"] = contender.Lost(published, window),
                ["repeated"] = window.Repeated,
            };
        }
    }
}
