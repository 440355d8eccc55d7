using Google.Protobuf;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>
/// Gives a flow its turn: runs its code from the beginning as far as it comes. What each step comes to is committed as it ends, and only while the turn is still this process's; that the flow
/// waits or is over commits with the end of the turn.
/// </summary>
internal sealed partial class RunFlows(
    FlowSteps store, FlowKinds kinds, CancelJob cancelJob, FlowMetrics metrics, IOptions<FlowsOptions> options, TimeProvider time, ILogger<RunFlows> logger)
    : IDueHandler<JobsDbContext>
{
    // Another replica may know the kind.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(10);

    public async Task<DueResult<JobsDbContext>> HandleAsync(DueWork work, CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(FlowTurns.Of(work).FlowId, cancellationToken) is not { } read)
            return DueResult.Done<JobsDbContext>();
        var (flow, input, steps) = read;
        if (kinds.Find(flow.Kind) is not { } kind)
        {
            return DueResult.Done<JobsDbContext>(context =>
            {
                context.AddDue(FlowTurns.AskedIn(flow.FlowId, flow.OwnerId, LookAgain));
                return Task.CompletedTask;
            });
        }

        var started = time.GetTimestamp();
        try
        {
            return await RunAsync(flow, ending => new FlowTurn(flow, steps, ending, work, store, time, logger, cancellationToken), kind, ByteString.CopyFrom(input), cancellationToken);
        }
        finally
        {
            metrics.Turned(flow.Kind, time.GetElapsedTime(started));
        }
    }

    private async Task<DueResult<JobsDbContext>> RunAsync(Flow flow, Func<FlowState, FlowTurn> begin, IFlowKind kind, ByteString input, CancellationToken cancellationToken)
    {
        var turn = begin(flow.Ending);
        if (!turn.IsStopping)
        {
            var (output, error) = await RunCodeAsync(kind, input, turn);
            if (output is not null)
            {
                await CancelJobsAsync(turn, cancellationToken);
                return Over(turn, flow.Ending, FlowState.Succeeded, "", output, cancellationToken);
            }

            if (error is null)
                return Waits(turn, cancellationToken);
            turn = begin(await store.StopAsync(turn, error));
            flow.Detail = Flow.Cut(error);
        }

        await CancelJobsAsync(turn, cancellationToken);
        // As far as it came; whatever it says, it has ended.
        await RunCodeAsync(kind, input, turn);
        var ending = turn.Ending;
        var (isOver, failed) = await UndoAsync(turn);
        if (!isOver)
            return Waits(turn, cancellationToken);
        return failed.Count == 0 ? Over(turn, ending, ending, ending == FlowState.Cancelled ? "" : flow.Detail, [], cancellationToken)
            : Over(turn, ending, FlowState.Failed, $"It could not be undone: {string.Join(" ", failed)}", [], cancellationToken);
    }

    private async Task<(byte[]? Output, string? Error)> RunCodeAsync(IFlowKind kind, ByteString input, FlowTurn turn)
    {
        var run = new FlowRun(turn);
        try
        {
            var output = await kind.RunAsync(input, run);
            if (turn.Fault is null)
                return run.IsSuspended ? (null, null) : output.Length <= Flow.MaxContent ? (output, null) : (null, $"Its output has more than {Flow.MaxContent} bytes.");
        }
        catch (FlowSuspendedException)
        {
            if (turn.Fault is null)
                return (null, null);
        }
        catch (FlowFailedException failed)
        {
            if (turn.Fault is null)
                return (null, failed.Message);
        }
        catch (Exception exception) when (turn.Fault is null)
        {
            LogCodeFailed(exception, turn.Flow.Kind, turn.Flow.FlowId);
            return (null, "Its code has failed; the log of the service says why.");
        }
        catch (Exception) when (turn.Fault is not null)
        {
        }

        // The turn is tried again: what is committed stays.
        throw turn.Fault;
    }

    /// <summary>Undoes what the code has made undone, the last first. What fails keeps nothing else from being undone.</summary>
    private static async Task<(bool IsOver, List<string> Failed)> UndoAsync(FlowTurn turn)
    {
        turn.IsUndoing = true;
        var failed = new List<string>();
        foreach (var (scope, name, work, terms) in Enumerable.Reverse(turn.Undo))
        {
            try
            {
                var step = await turn.DoAsync($"{scope}undo.{name}", FlowStepKind.Compensation, async attempt =>
                {
                    await work(attempt);
                    return [];
                }, terms);
                if (step is null)
                    return (false, failed);
            }
            catch (FlowFailedException exception)
            {
                failed.Add(exception.Message);
            }
        }

        return (true, failed);
    }

    private async Task CancelJobsAsync(FlowTurn turn, CancellationToken cancellationToken)
    {
        foreach (var step in turn.Steps.Where(step => step.State == FlowStepState.Waiting && step.JobId.Length > 0))
        {
            try
            {
                await cancelJob.HandleAsync(step.JobId, Rights.OfProcess, cancellationToken);
            }
            catch (StatusException)
            {
                // It is over for so long that it is not kept.
            }
        }
    }

    private DueResult<JobsDbContext> Waits(FlowTurn turn, CancellationToken cancellationToken) => DueResult.Done<JobsDbContext>(async context =>
    {
        if (await context.LockFlowAsync(turn.Flow.FlowId, cancellationToken) is not { IsOver: false } flow)
            return;
        if (turn.HasMore)
        {
            context.AddDue(FlowTurns.Asked(flow.FlowId, flow.OwnerId));
            return;
        }

        var waiting = turn.Waiting;
        if (waiting.Min(step => step.DueMs) is { } dueMs)
            context.AddDue(FlowTurns.AskedIn(flow.FlowId, flow.OwnerId, TimeSpan.FromMilliseconds(dueMs - await context.ReadClockAsync(cancellationToken))));
        var (state, detail) = turn.IsStopping ? (FlowState.Undoing, flow.Detail) : (FlowState.Waiting, Flow.Cut(FlowWaits.Tell(waiting)));
        if (flow.State == state && flow.Detail == detail)
            return;
        (flow.State, flow.Detail) = (state, detail);
        context.Publish(FlowEventKind.Waited, flow, time.GetUtcNow().ToMicroseconds());
    });

    private DueResult<JobsDbContext> Over(FlowTurn turn, FlowState ending, FlowState state, string detail, byte[] output, CancellationToken cancellationToken) => DueResult.Done<JobsDbContext>(async context =>
    {
        // Cancelled meanwhile: there is another turn, for what is to be undone.
        if (await context.LockFlowAsync(turn.Flow.FlowId, cancellationToken) is not { IsOver: false } flow || flow.Ending != ending)
            return;
        await context.EndAsync(flow, state, detail, output, time.GetUtcNow().ToMicroseconds(), options.Value.MaxKeptPerOwner, cancellationToken);
        context.AfterCommit(() => metrics.Ended(flow));
    });

    [LoggerMessage(LogLevel.Error, "The code of the {Kind} {FlowId} has failed; the flow has failed, and what it has done is undone")]
    private partial void LogCodeFailed(Exception exception, string kind, string flowId);
}
