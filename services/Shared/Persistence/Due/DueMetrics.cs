using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Microservices.Persistence;

/// <summary>What due work measures, on the meter <c>Microservices.Persistence</c>. The only label is the kind. Thread-safe.</summary>
internal sealed class DueMetrics
{
    private readonly ConcurrentBag<DueKind> kinds = [];
    private readonly Counter<long> done;
    private readonly Counter<long> retried;
    private readonly Counter<long> fenced;

    public DueMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(OutboxMetrics.MeterName);
        done = meter.CreateCounter<long>("due.done", "{row}", "Work that this process has done.");
        retried = meter.CreateCounter<long>("due.retried", "{row}", "Attempts in this process that failed, and are due again.");
        fenced = meter.CreateCounter<long>("due.fenced", "{row}", "Results that were dropped because the lease of the work was lost.");
        meter.CreateObservableGauge("due.running", () => Of(kind => kind.Running), "{row}", "Work that runs in this process.");
        meter.CreateObservableGauge("due.waiting", () => Of(kind => kind.Counts.Waiting), "{row}", "Work that does not run, due or not; 10,000 stands for that and more. Every replica reports the same.");
        meter.CreateObservableGauge("due.due", () => Of(kind => kind.Counts.Due), "{row}", "Work that is due and does not run; 10,000 stands for that and more. Every replica reports the same.");
        meter.CreateObservableGauge("due.quarantined", () => Of(kind => kind.Counts.Quarantined), "{row}", "Work whose attempts are used up, until an operator sees to it; 10,000 stands for that and more. Every replica reports the same.");
        meter.CreateObservableGauge("due.late", () => kinds.Select(kind => new Measurement<double>(Math.Max(kind.Counts.Late.TotalSeconds, 0), Tag(kind.Name))), "s",
            "For how long the work that is to be begun next has been due; 0 when none is. Every replica reports the same.");
    }

    public void Watch(DueKind kind)
    {
        kinds.Add(kind);
        // A rate shows a counter's first step only if it was there before.
        done.Add(0, Tag(kind.Name));
        retried.Add(0, Tag(kind.Name));
        fenced.Add(0, Tag(kind.Name));
    }

    public void Ended(string kind, DueEnd end)
    {
        if (end.Error is null)
            done.Add(1, Tag(kind));
        else if (end.RetryIn is not null)
            retried.Add(1, Tag(kind));
    }

    public void Fenced(string kind) => fenced.Add(1, Tag(kind));

    private IEnumerable<Measurement<long>> Of(Func<DueKind, long> value) => kinds.Select(kind => new Measurement<long>(value(kind), Tag(kind.Name)));

    private static KeyValuePair<string, object?> Tag(string kind) => new("kind", kind);
}
