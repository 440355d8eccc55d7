using System.Diagnostics.Metrics;

namespace Microservices.EventLog;

/// <summary>What the event log measures, on the meter <c>Microservices.EventLog</c>. No label names a topic or an id.</summary>
internal sealed class EventLogMetrics
{
    public const string MeterName = "Microservices.EventLog";

    private readonly Counter<long> appended;
    private readonly Counter<long> trimmed;
    private readonly Counter<long> refused;
    private readonly Counter<long> repaired;
    private readonly Counter<long> resets;
    private readonly Counter<long> conflated;
    private readonly Histogram<double> lag;
    private long delivered;
    private long subscriptions;

    public EventLogMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(MeterName);
        appended = meter.CreateCounter<long>("eventlog.events.appended", "{event}", "Events appended to Redis by this process.");
        // Observed, not counted one by one: a busy topic hands out hundreds of thousands of events a second.
        meter.CreateObservableCounter("eventlog.events.delivered", () => Interlocked.Read(ref delivered), "{event}", "Events handed to local subscribers, counted once for each subscriber.");
        trimmed = meter.CreateCounter<long>("eventlog.events.trimmed", "{event}", "Events that were removed before their time to keep within the budget in bytes.");
        refused = meter.CreateCounter<long>("eventlog.events.refused", "{event}", "Events that were published although Redis, out of memory, did not keep them.");
        meter.CreateObservableGauge("eventlog.held", Held, "By", "Estimated memory of Redis that the topics take to which this process appends, by kind.");
        meter.CreateObservableGauge("eventlog.budget", Budgets, "By", "Memory of Redis that these topics may take, by kind: the setting, or less for a while after Redis ran out of memory.");
        repaired = meter.CreateCounter<long>("eventlog.events.repaired", "{event}", "Events that pub/sub did not deliver and that were read from the log or the history, once per topic and process.");
        resets = meter.CreateCounter<long>("eventlog.resets", "{reset}", "Resets: subscribers whose place is no longer part of their topic, by reason.");
        conflated = meter.CreateCounter<long>("eventlog.events.conflated", "{event}", "Events that LATEST subscribers did not get because a newer one of the same key came.");
        lag = meter.CreateHistogram("eventlog.delivery.lag", "s", "Time from append to delivery of live events: that of the oldest event of a batch, when the first of the subscribers that share it takes it.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });
        meter.CreateObservableGauge("eventlog.queue.depth", () => Depth(), "{event}", "Events that local subscribers have not taken yet, counted once for each subscriber.");
        // A rate shows a counter's first step only if it was there before.
        repaired.Add(0);
        trimmed.Add(0);
        refused.Add(0);
        conflated.Add(0);
        foreach (var reason in Enum.GetValues<ResetReason>())
            resets.Add(0, Tag(reason));
        meter.CreateObservableGauge("eventlog.subscriptions", () => Interlocked.Read(ref subscriptions), "{subscription}", "Local subscriptions.");
    }

    /// <summary>About how many events wait to be taken. The topics are asked: a list of all subscriptions only for this would take more memory than some of them.</summary>
    public Func<long> Depth { private get; set; } = static () => 0;

    /// <summary>How much of its budget each kind of topic uses.</summary>
    public Func<(LogUse Durable, LogUse Transient)> Use { private get; set; } = static () => default;

    public void Appended(int count) => appended.Add(count);

    public void Delivered(int count) => Interlocked.Add(ref delivered, count);

    public void Trimmed(long count) => trimmed.Add(count);

    public void Refused(int count) => refused.Add(count);

    public void Repaired(int count) => repaired.Add(count);

    public void Conflated(long count) => conflated.Add(count);

    public void Lag(TimeSpan time) => lag.Record(Math.Max(0, time.TotalSeconds));

    public void Reset(ResetReason reason) => resets.Add(1, Tag(reason));

    public void Subscriptions(int change) => Interlocked.Add(ref subscriptions, change);

    private IEnumerable<Measurement<long>> Held()
    {
        var (durable, transient) = Use();
        return [new(durable.Held, Kind("durable")), new(transient.Held, Kind("transient"))];
    }

    private IEnumerable<Measurement<long>> Budgets()
    {
        var (durable, transient) = Use();
        return [new(durable.Budget, Kind("durable")), new(transient.Budget, Kind("transient"))];
    }

    private static KeyValuePair<string, object?> Kind(string kind) => new("kind", kind);

    private static KeyValuePair<string, object?> Tag(ResetReason reason) => new("reason", reason switch
    {
        ResetReason.Truncated => "truncated",
        ResetReason.Forked => "forked",
        _ => "epoch_changed",
    });
}
