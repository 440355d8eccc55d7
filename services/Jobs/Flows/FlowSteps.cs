using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>A step among those of its flow.</summary>
internal readonly record struct StepPlace(string Name, int Occurrence);

/// <summary>Reads the steps of a flow for a turn of it, and commits what becomes of one.</summary>
internal sealed class FlowSteps(Database<JobsDbContext> database, EnqueueJob jobs, FlowMetrics metrics, TimeProvider time)
{
    /// <summary>What a turn begins with; null where the flow is over.</summary>
    public Task<(Flow Flow, byte[] Input, List<FlowStep> Steps)?> ReadAsync(string flowId, CancellationToken cancellationToken) =>
        database.ReadAsync<(Flow, byte[], List<FlowStep>)?>(async context =>
        {
            if (await context.Flows.FirstOrDefaultAsync(f => f.FlowId == flowId && f.EndTime == null, cancellationToken) is not { } flow)
                return null;
            var input = await context.FlowContents.Where(c => c.FlowId == flowId).Select(c => c.Input).SingleAsync(cancellationToken);
            return (flow, input, await context.FlowSteps.Where(s => s.FlowId == flowId).ToListAsync(cancellationToken));
        }, cancellationToken);

    /// <summary>What a step of the owner has come to that may be taken for this one; null for none.</summary>
    public async Task<byte[]?> FindCachedAsync(string ownerId, string cacheKey, CancellationToken cancellationToken) => cacheKey.Length == 0 ? null : await database.ReadAsync(
        context => context.FlowSteps.Where(s => s.OwnerId == ownerId && s.CacheKey == cacheKey && s.State == FlowStepState.Done).Select(s => s.Output).FirstOrDefaultAsync(cancellationToken), cancellationToken);

    /// <summary>Commits what becomes of a step while the turn is this process's, unless it is over meanwhile.</summary>
    /// <param name="turn">The turn.</param>
    /// <param name="place">Which step.</param>
    /// <param name="kind">What it does.</param>
    /// <param name="cacheKey">What its result may be found by again.</param>
    /// <param name="change">What becomes of it. It may run several times.</param>
    /// <returns>The step as it is now.</returns>
    public async Task<FlowStep> CommitAsync(FlowTurn turn, StepPlace place, FlowStepKind kind, string cacheKey, Func<StepChange, Task> change)
    {
        var (step, ending) = await database.WriteAsync(async context =>
        {
            var flow = await FindAsync(context, turn);
            var step = await context.FlowSteps.FirstOrDefaultAsync(s => s.FlowId == flow.FlowId && s.Name == place.Name && s.Occurrence == place.Occurrence, turn.CancellationToken);
            if (step is { State: not FlowStepState.Waiting })
                return (step, flow.Ending);
            var now = time.GetUtcNow().ToMicroseconds();
            step ??= context.FlowSteps.Add(New(flow, place, kind, cacheKey, now)).Entity;
            await change(new(context, flow, step, now, await context.ReadClockAsync(turn.CancellationToken)));
            flow.State = turn.IsStopping ? FlowState.Undoing : FlowState.Running;
            context.Publish(FlowEventKind.Stepped, flow, now, step);
            context.AfterCommit(() => metrics.Stepped(step));
            return (step, flow.Ending);
        }, turn.CancellationToken);
        turn.Saw(ending);
        return step;
    }

    /// <summary>What the flow has made undone is undone from now on; unless it is already.</summary>
    /// <returns>What it ends as.</returns>
    public Task<FlowState> StopAsync(FlowTurn turn, string detail) => database.WriteAsync(async context =>
    {
        var flow = await FindAsync(context, turn);
        if (flow.Ending != FlowState.Unspecified)
            return flow.Ending;
        (flow.Ending, flow.State, flow.Detail) = (FlowState.Failed, FlowState.Undoing, Flow.Cut(detail));
        context.Publish(FlowEventKind.Stopped, flow, time.GetUtcNow().ToMicroseconds());
        return flow.Ending;
    }, turn.CancellationToken);

    /// <summary>Enqueues the job of a step with it.</summary>
    /// <exception cref="StatusException">The owner has as many as an owner may have.</exception>
    public async Task EnqueueAsync(StepChange step, EnqueueJobRequest request, JobTerms terms, CancellationToken cancellationToken) =>
        step.Step.JobId = (await jobs.AddAsync(step.Context, request, terms, step.Flow.FlowId, step.Now, cancellationToken)).Job.JobId;

    // The flow is locked before the turn's row, as by all others.
    private static async Task<Flow> FindAsync(JobsDbContext context, FlowTurn turn)
    {
        var flow = await context.LockFlowAsync(turn.Flow.FlowId, turn.CancellationToken);
        return flow is { IsOver: false } && await context.HoldsAsync(turn.Work, turn.CancellationToken) ? flow : throw new OperationCanceledException("Another process has the turn of the flow.");
    }

    private static FlowStep New(Flow flow, StepPlace place, FlowStepKind kind, string cacheKey, DateTimeOffset now)
    {
        if (flow.Steps >= FlowValidation.MaxSteps && kind != FlowStepKind.Compensation)
            throw new FlowFailedException($"A flow may have {FlowValidation.MaxSteps} steps.");
        return new()
        {
            FlowId = flow.FlowId,
            Number = ++flow.Steps,
            Name = place.Name,
            Occurrence = place.Occurrence,
            OwnerId = flow.OwnerId,
            Kind = kind,
            CacheKey = cacheKey,
            CreateTime = now,
        };
    }
}

/// <summary>A step that is being changed, in a transaction.</summary>
internal readonly record struct StepChange(JobsDbContext Context, Flow Flow, FlowStep Step, DateTimeOffset Now, long NowMs)
{
    public void End(FlowStepState state, string detail = "", byte[]? output = null) => Flow.EndStep(Step, state, detail, output ?? [], Now);

    /// <summary>It is looked at again after a while, if nothing else ends it before.</summary>
    public void Wait(TimeSpan time, string detail) => (Step.DueMs, Step.Detail) = (NowMs + (long)time.TotalMilliseconds, Microservices.Jobs.Flow.Cut(detail));
}
