using System.Diagnostics.Metrics;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>What Jobs measures, on the meter <c>Microservices.Jobs</c>, from the start of the process. No label names an owner, or a kind that nobody does. Thread-safe.</summary>
internal sealed class JobMetrics
{
    private static readonly JobState[] Ends = [JobState.Succeeded, JobState.Failed, JobState.Cancelled, JobState.Expired];
    private readonly Counter<long> enqueued;
    private readonly Counter<long> ended;
    private readonly Counter<long> retried;
    private readonly Counter<long> interrupted;
    private readonly Counter<long> workers;
    private readonly Histogram<double> delay;
    private readonly Histogram<double> duration;
    private int unknownKinds;

    public JobMetrics(IMeterFactory factory)
    {
        var meter = factory.Create("Microservices.Jobs");
        enqueued = meter.CreateCounter<long>("jobs.enqueued", "{job}", "Jobs enqueued, by kind.");
        ended = meter.CreateCounter<long>("jobs.ended", "{job}", "Jobs that are over, by how.");
        retried = meter.CreateCounter<long>("jobs.retried", "{attempt}", "Attempts that failed and are followed by another.");
        interrupted = meter.CreateCounter<long>("jobs.interrupted", "{attempt}", "Attempts whose process has died, was killed for the sake of another job, or was stopped.");
        workers = meter.CreateCounter<long>("jobs.workers", "{process}", "Worker processes that have ended while this process goes on, by why.");
        delay = meter.CreateHistogram("jobs.delay", "s", "From when a job was due to when it was begun.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600, 3600] });
        duration = meter.CreateHistogram("jobs.duration", "s", "How long an attempt took, by kind.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600, 3600] });
        meter.CreateObservableGauge("jobs.unknown_kinds", () => unknownKinds, "{job}", "Jobs that wait for a process that does their kind. Every replica reports the same.");
        // A rate shows a counter's first step only if it was there before.
        foreach (var kind in JobKinds.Names.Append(Known("")))
            enqueued.Add(0, Tag("kind", kind));
        foreach (var end in Ends)
            ended.Add(0, Tag("outcome", Name(end)));
        retried.Add(0);
        interrupted.Add(0);
        workers.Add(0, Tag("reason", "died"));
        workers.Add(0, Tag("reason", "killed"));
    }

    /// <summary>Jobs that wait for a process that does their kind.</summary>
    public int UnknownKinds
    {
        set => unknownKinds = value;
    }

    public void Enqueued(string kind) => enqueued.Add(1, Tag("kind", Known(kind)));

    public void Began(TimeSpan waited) => delay.Record(waited.TotalSeconds);

    public void Attempted(string kind, TimeSpan took) => duration.Record(took.TotalSeconds, Tag("kind", kind));

    /// <summary>It is over.</summary>
    public void Ended(Job job) => ended.Add(1, Tag("outcome", Name(job.State)));

    public void Retried() => retried.Add(1);

    public void Interrupted() => interrupted.Add(1);

    public void WorkerEnded(bool killed) => workers.Add(1, Tag("reason", killed ? "killed" : "died"));

    private static string Known(string kind) => JobKinds.Has(kind) ? kind : "unknown";

    private static string Name(JobState state) => state.ToString().ToLowerInvariant();

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
