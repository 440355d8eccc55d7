using Google.Protobuf;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>Gets one flow with its steps and its output, and lists those of an owner, newest first.</summary>
internal sealed class ReadFlows(Database<JobsDbContext> database)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 500;

    /// <summary>A flow that the caller may see.</summary>
    public static async Task<Flow> FindAsync(JobsDbContext context, string flowId, Rights rights, CancellationToken cancellationToken) =>
        await context.Flows.FirstOrDefaultAsync(f => f.FlowId == flowId && (rights.Owner == null || f.OwnerId == rights.Owner), cancellationToken)
        ?? throw new StatusException(JobsErrors.FlowNotFound(flowId));

    public Task<GetFlowResponse> GetAsync(string flowId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("flow_id", flowId);
        violations.ThrowIfAny(JobsErrors.Domain);
        return database.ReadAsync(async context =>
        {
            var flow = await FindAsync(context, flowId, rights, cancellationToken);
            var response = new GetFlowResponse { Flow = flow.ToMessage() };
            var output = await context.FlowContents.Where(c => c.FlowId == flowId).Select(c => c.Output).FirstOrDefaultAsync(cancellationToken);
            response.Output = output is null ? ByteString.Empty : ByteString.CopyFrom(output);
            // Those of one that is not kept any more cannot be compared.
            var originals = flow.RerunOf.Length == 0 ? [] : await context.FlowSteps.Where(s => s.FlowId == flow.RerunOf)
                .Select(s => new { s.Name, s.Occurrence, s.OutputHash }).ToDictionaryAsync(s => (s.Name, s.Occurrence), s => s.OutputHash, cancellationToken);
            await foreach (var step in context.FlowSteps.Where(s => s.FlowId == flowId).OrderBy(s => s.Number).AsAsyncEnumerable().WithCancellation(cancellationToken))
                response.Steps.Add(step.ToMessage(originals.Count == 0 ? FlowComparison.Unspecified : Compare(step, originals)));
            return response;
        }, cancellationToken);
    }

    public async Task<ListFlowsResponse> ListAsync(ListFlowsRequest request, CancellationToken cancellationToken)
    {
        var list = $"flows/{request.OwnerId}/{(int)request.State}";
        var violations = new FieldViolations();
        violations.CheckId("owner_id", request.OwnerId);
        if (!Enum.IsDefined(request.State))
            violations.Add("state", "must be one that a flow may be in, or unspecified for all");
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        var position = violations.PagePosition("page_token", list, request.PageToken, FieldViolations.IsId);
        violations.ThrowIfAny(JobsErrors.Domain);

        var page = await database.ReadAsync(context =>
        {
            var wanted = context.Flows.Where(f => f.OwnerId == request.OwnerId && (request.State == FlowState.Unspecified || f.State == request.State));
            if (position.Length > 0)
                wanted = wanted.Where(f => string.Compare(f.FlowId, position) < 0);
            return wanted.OrderByDescending(f => f.FlowId).ReadPageAsync(f => f.ToMessage(), size, cancellationToken);
        }, cancellationToken);

        var response = new ListFlowsResponse();
        response.Flows.AddRange(page.Items);
        if (page.More)
            response.NextPageToken = PageToken.Encode(list, page.Last!.FlowId);
        return response;
    }

    private static FlowComparison Compare(FlowStep step, Dictionary<(string, int), byte[]?> originals) =>
        !originals.TryGetValue((step.Name, step.Occurrence), out var original) ? FlowComparison.New
        : original is null || step.OutputHash is null ? FlowComparison.Unspecified
        : original.AsSpan().SequenceEqual(step.OutputHash) ? FlowComparison.Same : FlowComparison.Different;
}
