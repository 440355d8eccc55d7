using System.Diagnostics.Metrics;

namespace Microservices.Topics;

/// <summary>What the consuming of partitions measures, on the meter <c>Microservices.Topics</c>. The only label is the consumer's name. Thread-safe.</summary>
internal sealed class PartitionConsumerMetrics
{
    public const string MeterName = "Microservices.Topics";

    private readonly UpDownCounter<long> owned;
    private readonly Counter<long> events;
    private readonly Counter<long> rows;
    private readonly Counter<long> resets;
    private readonly Counter<long> fenced;
    private readonly Histogram<double> lag;

    public PartitionConsumerMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(MeterName);
        owned = meter.CreateUpDownCounter<long>("consumer.partitions.owned", "{partition}", "Partitions that this process works on.");
        events = meter.CreateCounter<long>("consumer.events", "{event}", "Events dealt with.");
        rows = meter.CreateCounter<long>("consumer.rows", "{row}", "Rows written for them; fewer than events only where some had been dealt with before a reset.");
        resets = meter.CreateCounter<long>("consumer.resets", "{reset}", "Times that events of a partition may be missing.");
        fenced = meter.CreateCounter<long>("consumer.fenced", "{batch}", "Batches given up because another replica had moved the partition's position.");
        lag = meter.CreateHistogram("consumer.lag", "s", "From the time of an event to the commit of what was made of it; the oldest event of each batch.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600] });
    }

    public void Owned(string consumer, int change)
    {
        owned.Add(change, Tag(consumer));
        // A rate shows a counter's first step only if it was there before.
        resets.Add(0, Tag(consumer));
        fenced.Add(0, Tag(consumer));
    }

    public void Written(string consumer, int eventCount, int rowCount, TimeSpan oldest)
    {
        events.Add(eventCount, Tag(consumer));
        rows.Add(rowCount, Tag(consumer));
        lag.Record(Math.Max(0, oldest.TotalSeconds), Tag(consumer));
    }

    public void Reset(string consumer) => resets.Add(1, Tag(consumer));

    public void Fenced(string consumer) => fenced.Add(1, Tag(consumer));

    private static KeyValuePair<string, object?> Tag(string consumer) => new("consumer", consumer);
}
