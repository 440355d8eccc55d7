using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>Expires jobs that nobody has begun, deletes those that are over past their retention, and counts those of kinds that nobody does.</summary>
internal sealed class JobCleaner(Database<JobsDbContext> database, JobMetrics metrics, IOptions<JobsOptions> options, TimeProvider time, ILogger<JobCleaner> logger)
    : Cleaner(options.Value.Retention, time, logger)
{
    private readonly TimeProvider time = time;

    protected override async Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken)
    {
        metrics.UnknownKinds = await database.ReadAsync(context => context.Jobs.CountAsync(j => j.State == JobState.Waiting && !JobKinds.Names.Contains(j.Kind), cancellationToken), cancellationToken);
        var (beforeMs, now) = (before.ToUnixTimeMilliseconds(), time.GetUtcNow().ToMicroseconds());
        var expired = await database.WriteAsync(async context =>
        {
            var old = await context.Jobs.Where(j => j.State == JobState.Waiting && j.DueMs < beforeMs).OrderBy(j => j.DueMs).Take(count).ToListAsync(cancellationToken);
            foreach (var job in old)
            {
                await context.EndAsync(job, JobState.Expired, "It was not begun in time.", now, options.Value.MaxKeptPerOwner, said: null, cancellationToken);
                context.AfterCommit(() => metrics.Ended(job));
            }

            return old.Count;
        }, cancellationToken);
        var deleted = await database.WriteAsync(async context =>
        {
            var old = await context.Jobs.Where(j => j.EndTime < before).OrderBy(j => j.EndTime).Take(count).Select(j => j.JobId).ToListAsync(cancellationToken);
            await context.DeleteAsync(old, cancellationToken);
            await context.Owners.Where(o => o.Jobs == 0 && o.Schedules == 0 && o.Flows == 0).ExecuteDeleteAsync(cancellationToken);
            return old.Count;
        }, cancellationToken);
        return Math.Max(expired, deleted);
    }
}
