using System.Diagnostics.Metrics;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>What flows measure, on the meter <c>Microservices.Jobs</c>, from the start of the process. No label names an owner or a step. Thread-safe.</summary>
internal sealed class FlowMetrics
{
    private static readonly FlowState[] Ends = [FlowState.Succeeded, FlowState.Failed, FlowState.Cancelled];
    private static readonly FlowStepState[] StepEnds = [FlowStepState.Done, FlowStepState.Failed, FlowStepState.TimedOut];
    private readonly Counter<long> started;
    private readonly Counter<long> ended;
    private readonly Counter<long> steps;
    private readonly Histogram<double> turns;

    public FlowMetrics(IMeterFactory factory, FlowKinds kinds)
    {
        var meter = factory.Create("Microservices.Jobs");
        started = meter.CreateCounter<long>("flows.started", "{flow}", "Flows started, by kind.");
        ended = meter.CreateCounter<long>("flows.ended", "{flow}", "Flows that are over, by how.");
        steps = meter.CreateCounter<long>("flows.steps", "{step}", "Steps that turns of flows have ended, by how.");
        turns = meter.CreateHistogram("flows.turn", "s", "How long a flow went on until it waited or was over, by kind.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120] });
        // A rate shows a counter's first step only if it was there before.
        foreach (var kind in kinds.Names)
            started.Add(0, Tag("kind", kind));
        foreach (var end in Ends)
            ended.Add(0, Tag("outcome", Name(end)));
        foreach (var end in StepEnds)
            steps.Add(0, Tag("outcome", Name(end)));
    }

    public void Started(string kind) => started.Add(1, Tag("kind", kind));

    public void Ended(Flow flow) => ended.Add(1, Tag("outcome", Name(flow.State)));

    public void Stepped(FlowStep step)
    {
        if (step.State != FlowStepState.Waiting)
            steps.Add(1, Tag("outcome", Name(step.State)));
    }

    public void Turned(string kind, TimeSpan took) => turns.Record(took.TotalSeconds, Tag("kind", kind));

    private static string Name(Enum state) => state.ToString().ToLowerInvariant();

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
