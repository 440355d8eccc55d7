using Google.Protobuf;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>Gives a flow what it waits for from outside: signals, which are kept until it asks for them, and the answers of people to what it asks.</summary>
internal sealed class SignalFlow(Database<JobsDbContext> database, TimeProvider time)
{
    // As it is stored with every key: never to be changed.
    private const string Command = "SignalFlow";

    public async Task<SignalFlowResponse> HandleAsync(SignalFlowRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckSignal(request);
        violations.ThrowIfAny(JobsErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var withoutKey = new SignalFlowRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(Command, rights.Caller, request.IdempotencyKey, withoutKey, async context =>
        {
            var flow = await context.LockFlowAsync(request.FlowId, rights, cancellationToken);
            if (flow.IsOver)
                throw new StatusException(JobsErrors.FlowIsOver(request.FlowId));
            if (await WaitingAsync(context, flow, request.Name, FlowStepKind.Signal, cancellationToken) is { } step)
            {
                flow.EndStep(step, FlowStepState.Done, "", request.Payload.ToByteArray(), now);
                context.Publish(FlowEventKind.Stepped, flow, now, step);
                context.AddDue(FlowTurns.Asked(flow.FlowId, flow.OwnerId));
                return new SignalFlowResponse { Flow = flow.ToMessage() };
            }

            if (flow.Signals >= FlowValidation.MaxSignals)
                throw new StatusException(JobsErrors.TooManySignals(FlowValidation.MaxSignals));
            flow.Signals++;
            context.FlowSignals.Add(new FlowSignal { FlowId = flow.FlowId, Number = flow.Version, Name = request.Name, Payload = request.Payload.ToByteArray() });
            context.Publish(FlowEventKind.Signalled, flow, now);
            return new SignalFlowResponse { Flow = flow.ToMessage() };
        }, now, cancellationToken);

        if (outcome == IdempotencyOutcome.KeyReused)
            throw new StatusException(JobsErrors.Domain.KeyReused());
        response.Replayed = outcome == IdempotencyOutcome.Replayed;
        return response;
    }

    /// <summary>Answers what a flow asks.</summary>
    public async Task<DecideFlowResponse> HandleAsync(DecideFlowRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckDecision(request);
        violations.ThrowIfAny(JobsErrors.Domain);

        var decision = new FlowDecision { Approved = request.Approved, Comment = request.Comment, DecidedBy = rights.Caller };
        return await database.WriteAsync(async context =>
        {
            var flow = await context.LockFlowAsync(request.FlowId, rights, cancellationToken);
            if (flow.IsOver || flow.Ending != FlowState.Unspecified || await WaitingAsync(context, flow, request.Name, FlowStepKind.Approval, cancellationToken) is not { } step)
                throw new StatusException(JobsErrors.NotAsked(request.FlowId, request.Name));
            var now = time.GetUtcNow().ToMicroseconds();
            flow.EndStep(step, FlowStepState.Done, step.Detail, decision.ToByteArray(), now);
            context.Publish(FlowEventKind.Stepped, flow, now, step);
            context.AddDue(FlowTurns.Asked(flow.FlowId, flow.OwnerId));
            return new DecideFlowResponse { Flow = flow.ToMessage() };
        }, cancellationToken);
    }

    private static Task<FlowStep?> WaitingAsync(JobsDbContext context, Flow flow, string name, FlowStepKind kind, CancellationToken cancellationToken) =>
        context.FlowSteps.Where(s => s.FlowId == flow.FlowId && s.Name == name && s.Kind == kind && s.State == FlowStepState.Waiting)
            .OrderBy(s => s.Number).FirstOrDefaultAsync(cancellationToken);
}
