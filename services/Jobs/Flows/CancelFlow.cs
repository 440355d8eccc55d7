using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;

namespace Microservices.Jobs;

/// <summary>Has a flow end: what it has to make undone is undone first.</summary>
internal sealed class CancelFlow(Database<JobsDbContext> database, TimeProvider time)
{
    public async Task<V1.Flow> HandleAsync(string flowId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("flow_id", flowId);
        violations.ThrowIfAny(JobsErrors.Domain);
        return await database.WriteAsync(async context =>
        {
            if (await ReadFlows.FindAsync(context, flowId, rights, cancellationToken) is { IsOver: true } over)
                return over.ToMessage();
            context.ChangeTracker.Clear();
            var flow = await context.LockFlowAsync(flowId, rights, cancellationToken);
            if (!flow.IsOver && flow.Ending == FlowState.Unspecified)
            {
                (flow.Ending, flow.State, flow.Detail) = (FlowState.Cancelled, FlowState.Undoing, "");
                context.Publish(FlowEventKind.Stopped, flow, time.GetUtcNow().ToMicroseconds());
                context.AddDue(FlowTurns.Asked(flow.FlowId, flow.OwnerId));
            }

            return flow.ToMessage();
        }, cancellationToken);
    }
}
