using System.Globalization;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>One topic that many follow.</summary>
internal static class FanOutScenario
{
    // Deliveries a second that no contender has trouble with.
    private const double Easy = 10_000;

    public static async Task RunAsync(Plan plan, CancellationToken cancellationToken)
    {
        var report = new Report("fanout", "One topic and its subscribers on two replicas, through redis-server. Every subscriber gets the same bytes, an order's event of some 190 bytes. Latency counts from when an event was due to be published; the rate is raised until deliveries no longer keep up.", plan);
        report.Versions("Grpc.AspNetCore", "StackExchange.Redis", "Microsoft.AspNetCore.SignalR.StackExchangeRedis", "Microsoft.AspNetCore.SignalR.Protocols.MessagePack");
        foreach (var subscribers in plan.Of<int[]>([200, 1_000, 5_000], smoke: [20]))
        {
            await using var suite = await SuiteProcesses.StartAsync();
            var contenders = StreamContender.Start(suite, replicas: 2, bare: true);
            try
            {
                await suite.UntilReadyAsync();
                foreach (var contender in contenders)
                    await contender.SubscribeAsync(subscribers, topicsOfEach: 1, topics: 1, cancellationToken);
                await StreamContest.RunAsync(plan, report, contenders, string.Create(CultureInfo.InvariantCulture, $"{subscribers:N0} subscribers"), plan.Of(Easy, smoke: 1_000) / subscribers, cancellationToken);
            }
            finally
            {
                foreach (var contender in contenders)
                    await contender.DisposeAsync();
            }
        }

        await report.WriteAsync(cancellationToken);
    }
}
