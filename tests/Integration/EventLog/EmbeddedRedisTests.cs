using System.Diagnostics.Metrics;
using System.Globalization;
using Microservices.EventLog;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>The launcher's Redis has room for what the launcher's services may keep in it: it lets go of nothing by itself.</summary>
public sealed class EmbeddedRedisTests
{
    [Theory]
    [InlineData(30_000, 2, 150)]
    [InlineData(4_000, 10, 300)]
    [InlineData(40, 400, 900)]
    public async Task What_the_budgets_of_all_services_hold_is_held(int topics, int rounds, int bytes)
    {
        using var redis = new EmbeddedGarnet();
        var budgets = EmbeddedGarnet.Budgets.ToDictionary(
            budget => budget.Key.Replace("__", ":", StringComparison.Ordinal), budget => (string?)budget.Value.ToString(CultureInfo.InvariantCulture));
        // What it has room for is no matter of how soon it answers a machine that is busy.
        budgets["EventLog:CommandTimeout"] = budgets["EventLog:ProbeTimeout"] = "00:01:00";

        await Parallel.ForEachAsync(Enumerable.Range(0, EmbeddedGarnet.Appenders), async (_, cancellationToken) =>
        {
            await using var process = await LogProcess.StartAsync(redis.ConnectionString, budgets);
            var trimmed = 0L;
            // Other tests' instruments come by here while this process goes: it is not asked then.
            var mine = process.Get<IMeterFactory>();
            using var listener = new MeterListener();
            listener.InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "eventlog.events.trimmed" && instrument.Meter.Scope == mine)
                    l.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((_, dropped, _, _) => Interlocked.Add(ref trimmed, dropped));
            listener.Start();
            var names = Enumerable.Range(0, topics).Select(_ => Events.NewTopic()).ToArray();
            for (var offset = 1; offset <= rounds; offset++)
            {
                foreach (var some in names.Chunk(200))
                {
                    var results = await process.Log.AppendAsync([.. some.Select((topic, i) =>
                        i % 4 == 0 ? NewEvent.Transient(topic, new byte[bytes]) : NewEvent.Durable(topic, "db1", offset, new byte[bytes]))], cancellationToken);
                    Assert.All(results, result => Assert.Equal(AppendStatus.Appended, result.Status));
                }
            }

            await Eventually.UntilAsync(() => process.Get<LogTrimmer>() is { IsWithinBudget: true }, "the topics are within the budgets");
            var held = 0L;
            foreach (var some in names.Chunk(500))
                held += (await Task.WhenAll(some.Select(topic => process.Log.ReadAsync(topic, Cursor.Earliest, 10_000, long.MaxValue, cancellationToken)))).Sum(page => page.Events.Count);
            Assert.Equal(((long)topics * rounds) - trimmed, held);
            Assert.InRange(trimmed, 1, long.MaxValue);
        });
    }
}
