using Google.Protobuf;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>Gets one job, with or without its output, and lists those of an owner, newest first.</summary>
internal sealed class ReadJobs(Database<JobsDbContext> database)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 500;

    /// <summary>A job that the caller may see.</summary>
    public static async Task<Job> FindAsync(JobsDbContext context, string jobId, Rights rights, CancellationToken cancellationToken) =>
        await context.Jobs.FirstOrDefaultAsync(j => j.JobId == jobId && (rights.Owner == null || j.OwnerId == rights.Owner), cancellationToken)
        ?? throw new StatusException(JobsErrors.NotFound(jobId));

    public Task<GetResultResponse> GetAsync(string jobId, bool withOutput, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("job_id", jobId);
        violations.ThrowIfAny(JobsErrors.Domain);
        return database.ReadAsync(async context =>
        {
            var response = new GetResultResponse { Job = (await FindAsync(context, jobId, rights, cancellationToken)).ToMessage() };
            if (withOutput && response.Job.State == JobState.Succeeded)
                response.Output = ByteString.CopyFrom(await context.Contents.Where(c => c.JobId == jobId).Select(c => c.Output).FirstOrDefaultAsync(cancellationToken) ?? []);
            return response;
        }, cancellationToken);
    }

    public async Task<ListJobsResponse> ListAsync(ListJobsRequest request, CancellationToken cancellationToken)
    {
        var list = $"jobs/{request.OwnerId}/{(int)request.State}";
        var violations = new FieldViolations();
        violations.CheckId("owner_id", request.OwnerId);
        if (!Enum.IsDefined(request.State))
            violations.Add("state", "must be one that a job may be in, or unspecified for all");
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        var position = violations.PagePosition("page_token", list, request.PageToken, FieldViolations.IsId);
        violations.ThrowIfAny(JobsErrors.Domain);

        var page = await database.ReadAsync(context =>
        {
            var wanted = context.Jobs.Where(j => j.OwnerId == request.OwnerId && (request.State == JobState.Unspecified || j.State == request.State));
            if (position.Length > 0)
                wanted = wanted.Where(j => string.Compare(j.JobId, position) < 0);
            return wanted.OrderByDescending(j => j.JobId).ReadPageAsync(j => j.ToMessage(), size, cancellationToken);
        }, cancellationToken);

        var response = new ListJobsResponse();
        response.Jobs.AddRange(page.Items);
        if (page.More)
            response.NextPageToken = PageToken.Encode(list, page.Last!.JobId);
        return response;
    }
}
