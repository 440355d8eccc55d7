using Google.Protobuf.WellKnownTypes;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>How flows are changed, and what is published of it. An event's key is its flow's id.</summary>
internal static class FlowChanges
{
    public static readonly KeyedTopics Topics = new("flows", "owner", FlowEvent.Descriptor);

    private const int DeletedAtOnce = 100;

    /// <summary>
    /// The flow, as nobody else changes it until the transaction has ended; null where there is none. Whoever changes a flow or its steps begins with this, before it locks anything else:
    /// so they take turns, and see what the others did.
    /// </summary>
    public static async Task<Flow?> LockFlowAsync(this JobsDbContext context, string flowId, CancellationToken cancellationToken)
    {
        await context.Flows.Where(f => f.FlowId == flowId).ExecuteUpdateAsync(s => s.SetProperty(f => f.Version, f => f.Version + 1), cancellationToken);
        return await context.Flows.FirstOrDefaultAsync(f => f.FlowId == flowId, cancellationToken);
    }

    /// <summary>The same, of a flow that the caller may see.</summary>
    /// <exception cref="StatusException">There is none.</exception>
    public static async Task<Flow> LockFlowAsync(this JobsDbContext context, string flowId, Rights rights, CancellationToken cancellationToken)
    {
        await context.Flows.Where(f => f.FlowId == flowId && (rights.Owner == null || f.OwnerId == rights.Owner))
            .ExecuteUpdateAsync(s => s.SetProperty(f => f.Version, f => f.Version + 1), cancellationToken);
        return await ReadFlows.FindAsync(context, flowId, rights, cancellationToken);
    }

    /// <summary>Commits the event together with the change that is being made.</summary>
    public static void Publish(this JobsDbContext context, FlowEventKind kind, Flow flow, DateTimeOffset now, FlowStep? step = null) =>
        context.AddEvent(Topics.For(flow.OwnerId), flow.FlowId, new FlowEvent { Kind = kind, Flow = flow.ToMessage(), Step = step?.ToMessage(), Time = now.ToTimestamp() });

    /// <summary>A step is over; what it has come to must have room in the flow.</summary>
    /// <returns>Whether it has; if not, the step has failed.</returns>
    public static bool EndStep(this Flow flow, FlowStep step, FlowStepState state, string detail, byte[] output, DateTimeOffset now)
    {
        var fits = output.Length <= Flow.MaxContent && flow.Bytes + output.Length <= FlowValidation.MaxBytes;
        if (fits)
            step.End(state, detail, output, now);
        else
            step.End(FlowStepState.Failed, $"It has come to more than {Flow.MaxContent} bytes, or the steps of the flow to more than {FlowValidation.MaxBytes}.", [], now);
        flow.Bytes += step.Output.Length;
        return fits;
    }

    /// <summary>A job is about to end that a step waits for: its output is the step's.</summary>
    public static async Task StepEndedAsync(this JobsDbContext context, Job job, JobState state, string detail, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await context.LockFlowAsync(job.FlowId, cancellationToken) is not { IsOver: false } flow)
            return;
        if (await context.FlowSteps.FirstOrDefaultAsync(s => s.FlowId == flow.FlowId && s.JobId == job.JobId && s.State == FlowStepState.Waiting, cancellationToken) is not { } step)
            return;
        if (state == JobState.Succeeded)
            flow.EndStep(step, FlowStepState.Done, "", (await context.Contents.FindAsync([job.JobId], cancellationToken))?.Output ?? [], now);
        else if (flow.Ending != FlowState.Unspecified)
            flow.EndStep(step, FlowStepState.Cancelled, detail, [], now);
        else
            flow.EndStep(step, FlowStepState.Failed, detail.Length > 0 ? detail : $"The job is {state.ToString().ToLowerInvariant()}.", [], now);
        context.Publish(FlowEventKind.Stepped, flow, now, step);
        context.AddDue(FlowTurns.Asked(flow.FlowId, flow.OwnerId));
    }

    /// <summary>Takes the oldest signal of that name that is kept; null for none.</summary>
    public static async Task<byte[]?> TakeSignalAsync(this JobsDbContext context, Flow flow, string name, CancellationToken cancellationToken)
    {
        if (await context.FlowSignals.Where(s => s.FlowId == flow.FlowId && s.Name == name).OrderBy(s => s.Number).FirstOrDefaultAsync(cancellationToken) is not { } signal)
            return null;
        context.FlowSignals.Remove(signal);
        flow.Signals--;
        return signal.Payload;
    }

    /// <summary>A flow is over; of those of its owner that are over, the newest are kept.</summary>
    public static async Task EndAsync(this JobsDbContext context, Flow flow, FlowState state, string detail, byte[] output, DateTimeOffset now, int kept, CancellationToken cancellationToken)
    {
        await context.Owners.Where(o => o.OwnerId == flow.OwnerId).ExecuteUpdateAsync(s => s.SetProperty(o => o.Flows, o => o.Flows - 1), cancellationToken);
        (flow.State, flow.Detail, flow.OutputBytes, flow.Signals, flow.EndTime) = (state, Flow.Cut(detail), output.Length, 0, now);
        if (state == FlowState.Succeeded)
            (await context.FlowContents.SingleAsync(c => c.FlowId == flow.FlowId, cancellationToken)).Output = output;
        foreach (var step in await context.FlowSteps.Where(s => s.FlowId == flow.FlowId && s.State == FlowStepState.Waiting).ToListAsync(cancellationToken))
            step.End(FlowStepState.Cancelled, step.Detail, [], now);
        await context.FlowSignals.Where(s => s.FlowId == flow.FlowId).ExecuteDeleteAsync(cancellationToken);
        context.Publish(FlowEventKind.Ended, flow, now);
        var old = await context.Flows.Where(f => f.OwnerId == flow.OwnerId && f.EndTime != null)
            .OrderByDescending(f => f.EndTime).Skip(kept - 1).Take(DeletedAtOnce).Select(f => f.FlowId).ToListAsync(cancellationToken);
        if (old.Count > 0)
            await context.DeleteFlowsAsync(old, cancellationToken);
    }

    /// <summary>Deletes flows that are over, with all that there is of them.</summary>
    public static async Task DeleteFlowsAsync(this JobsDbContext context, IReadOnlyList<string> flowIds, CancellationToken cancellationToken)
    {
        await context.FlowSteps.Where(s => flowIds.Contains(s.FlowId)).ExecuteDeleteAsync(cancellationToken);
        await context.FlowContents.Where(c => flowIds.Contains(c.FlowId)).ExecuteDeleteAsync(cancellationToken);
        await context.Flows.Where(f => flowIds.Contains(f.FlowId)).ExecuteDeleteAsync(cancellationToken);
    }
}
