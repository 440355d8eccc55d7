using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>Cancels a job that waits, and has the process that does one end it.</summary>
internal sealed class CancelJob(Database<JobsDbContext> database, JobMetrics metrics, IOptions<JobsOptions> options, TimeProvider time)
{
    public async Task<V1.Job> HandleAsync(string jobId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("job_id", jobId);
        violations.ThrowIfAny(JobsErrors.Domain);
        var now = time.GetUtcNow().ToMicroseconds();
        var job = await database.WriteAsync(async context =>
        {
            var job = await ReadJobs.FindAsync(context, jobId, rights, cancellationToken);
            if (job.State == JobState.Waiting)
            {
                await context.EndAsync(job, JobState.Cancelled, "", now, options.Value.MaxKeptPerOwner, said: null, cancellationToken);
                context.AfterCommit(() => metrics.Ended(job));
            }
            else if (job is { State: JobState.Running, Cancelling: false })
            {
                job.Cancelling = true;
                job.Version++;
                context.Publish(JobEventKind.Cancelling, job, now);
            }

            return job;
        }, cancellationToken);
        return job.ToMessage();
    }
}
