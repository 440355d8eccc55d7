using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>Starts a flow once for each idempotency key: a new one, or one that runs another again from a step on.</summary>
internal sealed class StartFlow(Database<JobsDbContext> database, FlowKinds kinds, FlowMetrics metrics, IOptions<FlowsOptions> options, TimeProvider time)
{
    // As they are stored with every key: never to be changed.
    private const string Command = "StartFlow";
    private const string RerunCommand = "RerunFlow";

    public async Task<StartFlowResponse> HandleAsync(StartFlowRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckFlow(request, kinds);
        violations.ThrowIfAny(JobsErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var withoutKey = new StartFlowRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(Command, rights.Caller, request.IdempotencyKey, withoutKey, async context =>
        {
            var flow = await AddAsync(context, request.OwnerId, request.Kind, request.Input.ToByteArray(), now, cancellationToken);
            return new StartFlowResponse { Flow = flow.ToMessage() };
        }, now, cancellationToken);
        response.Replayed = Started(outcome, response.Flow);
        return response;
    }

    /// <summary>Starts a flow again from one of its steps on.</summary>
    public async Task<RerunFlowResponse> HandleAsync(RerunFlowRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckRerun(request);
        violations.ThrowIfAny(JobsErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var withoutKey = new RerunFlowRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(RerunCommand, rights.Caller, request.IdempotencyKey, withoutKey, async context =>
        {
            var original = await ReadFlows.FindAsync(context, request.FlowId, rights, cancellationToken);
            if (!original.IsOver)
                throw new StatusException(JobsErrors.FlowIsNotOver(request.FlowId));
            var input = await context.FlowContents.Where(c => c.FlowId == original.FlowId).Select(c => c.Input).SingleAsync(cancellationToken);
            var flow = await AddAsync(context, original.OwnerId, original.Kind, input, now, cancellationToken, original.FlowId);
            var before = await context.FlowSteps.AsNoTracking()
                .Where(s => s.FlowId == original.FlowId && s.Number < request.FromStep && s.State != FlowStepState.Waiting && s.State != FlowStepState.Cancelled && s.Kind != FlowStepKind.Compensation)
                .OrderBy(s => s.Number).ToListAsync(cancellationToken);
            foreach (var step in before)
            {
                var copy = context.FlowSteps.Add(step.CopyTo(flow.FlowId, ++flow.Steps)).Entity;
                flow.Bytes += copy.Output.Length;
            }

            return new RerunFlowResponse { Flow = flow.ToMessage() };
        }, now, cancellationToken);
        response.Replayed = Started(outcome, response.Flow);
        return response;
    }

    private bool Started(IdempotencyOutcome outcome, V1.Flow? flow)
    {
        if (outcome == IdempotencyOutcome.KeyReused)
            throw new StatusException(JobsErrors.Domain.KeyReused());
        if (outcome == IdempotencyOutcome.Done)
            metrics.Started(flow!.Kind);
        return outcome == IdempotencyOutcome.Replayed;
    }

    private async Task<Flow> AddAsync(JobsDbContext context, string ownerId, string kind, byte[] input, DateTimeOffset now, CancellationToken cancellationToken, string rerunOf = "")
    {
        var owner = context.Owners.Where(o => o.OwnerId == ownerId);
        // Whoever starts one for the same owner waits here until this is committed.
        if (await owner.ExecuteUpdateAsync(s => s.SetProperty(o => o.Flows, o => o.Flows + 1), cancellationToken) == 0)
            context.Owners.Add(new JobOwner { OwnerId = ownerId, Flows = 1 });
        else if (await owner.AnyAsync(o => o.Flows > options.Value.MaxPerOwner, cancellationToken))
            throw new StatusException(JobsErrors.TooManyFlows(options.Value.MaxPerOwner));
        var flow = context.Flows.Add(new Flow
        {
            FlowId = Guid.CreateVersion7(now).ToString(),
            OwnerId = ownerId,
            Partition = KeyedTopics.PartitionOf(ownerId),
            Kind = kind,
            Bytes = input.Length,
            RerunOf = rerunOf,
            CreateTime = now,
        }).Entity;
        context.FlowContents.Add(new FlowContent { FlowId = flow.FlowId, Input = input });
        context.Publish(FlowEventKind.Started, flow, now);
        context.AddDue(FlowTurns.Asked(flow.FlowId, ownerId));
        return flow;
    }
}
