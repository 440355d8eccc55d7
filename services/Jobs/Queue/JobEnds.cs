using Microservices.Jobs.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>Ends jobs: the one place where they stop to count, and tell of it.</summary>
internal static class JobEnds
{
    private const int DeletedAtOnce = 100;

    /// <summary>A job is over; of those of its owner that are over, the newest are kept.</summary>
    public static async Task EndAsync(this JobsDbContext context, Job job, JobState state, string detail, DateTimeOffset now, int kept, RunChanges? said, CancellationToken cancellationToken)
    {
        if (job.FlowId.Length > 0)
            await context.StepEndedAsync(job, state, detail, now, cancellationToken);
        await context.UncountAsync(job.OwnerId, job.InputBytes, cancellationToken);
        job.End(state, detail, now);
        context.Publish(JobEventKind.Ended, job, now, said);
        var old = await context.Jobs.Where(j => j.OwnerId == job.OwnerId && j.EndTime != null)
            .OrderByDescending(j => j.EndTime).Skip(kept - 1).Take(DeletedAtOnce).Select(j => j.JobId).ToListAsync(cancellationToken);
        if (old.Count > 0)
            await context.DeleteAsync(old, cancellationToken);
    }

    /// <summary>An owner has one less that is not over.</summary>
    public static Task UncountAsync(this JobsDbContext context, string ownerId, long bytes, CancellationToken cancellationToken) =>
        context.Owners.Where(o => o.OwnerId == ownerId).ExecuteUpdateAsync(s => s.SetProperty(o => o.Jobs, o => o.Jobs - 1).SetProperty(o => o.Bytes, o => o.Bytes - bytes), cancellationToken);

    /// <summary>Deletes jobs, with what they were given and came to.</summary>
    public static async Task DeleteAsync(this JobsDbContext context, IReadOnlyList<string> jobIds, CancellationToken cancellationToken)
    {
        await context.Contents.Where(c => jobIds.Contains(c.JobId)).ExecuteDeleteAsync(cancellationToken);
        await context.Jobs.Where(j => jobIds.Contains(j.JobId)).ExecuteDeleteAsync(cancellationToken);
    }
}
