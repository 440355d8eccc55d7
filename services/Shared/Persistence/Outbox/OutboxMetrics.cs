using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>What the outbox measures, on the meter <c>Microservices.Persistence</c>. No label names a topic.</summary>
internal sealed class OutboxMetrics
{
    public const string MeterName = "Microservices.Persistence";

    private readonly Counter<long> relayed;
    private readonly Counter<long> refilled;
    private readonly Histogram<double> lag;
    private long oldestMs = -1;
    private long setAside;

    public OutboxMetrics(IMeterFactory factory, OutboxProgress progress, IOptions<OutboxOptions> options, TimeProvider time)
    {
        var meter = factory.Create(MeterName);
        relayed = meter.CreateCounter<long>("outbox.events.relayed", "{event}", "Events that this process brought to the log.");
        refilled = meter.CreateCounter<long>("outbox.events.refilled", "{event}", "Events that this process brought to a log that had lost them.");
        // A rate shows a counter's first step only if it was there before.
        refilled.Add(0);
        lag = meter.CreateHistogram("outbox.relay.lag", "s", "From commit to the log; the oldest event of each batch.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600] });
        meter.CreateObservableGauge("outbox.age", () => Age(progress.Stall.Waited, OutboxProgress.StallThreshold(options.Value), time), "s",
            "How long the oldest event that is not in the log has waited; 0 when none does. Reported by the replica that relays, and by any other that sees events wait in spite of that: take the largest.");
        meter.CreateObservableGauge("outbox.quarantined", () => Volatile.Read(ref setAside), "{event}", "Events that the log refused and that are set aside, in the table OutboxQuarantine, until somebody deletes them.");
    }

    /// <summary>How many events are set aside.</summary>
    public long SetAside
    {
        set => Volatile.Write(ref setAside, value);
    }

    /// <summary>When the oldest event that waits was committed, in Unix milliseconds; 0 for none, -1 when another replica relays.</summary>
    public long OldestMs
    {
        set => Volatile.Write(ref oldestMs, value);
    }

    public void Relayed(int count, TimeSpan oldest)
    {
        relayed.Add(count);
        lag.Record(Math.Max(0, oldest.TotalSeconds));
    }

    public void Refilled(int count) => refilled.Add(count);

    private IEnumerable<Measurement<double>> Age(TimeSpan stalled, TimeSpan threshold, TimeProvider time) => Volatile.Read(ref oldestMs) switch
    {
        // By the event's own time or, should that be of a clock that was fast, by what was seen here.
        > 0 and var at => [new(Math.Max(stalled.TotalSeconds, (time.GetUtcNow().ToUnixTimeMilliseconds() - at) / 1000.0))],
        _ when stalled >= threshold => [new(stalled.TotalSeconds)],
        0 => [new(0)],
        _ => [],
    };
}
