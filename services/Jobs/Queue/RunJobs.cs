using System.Globalization;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microservices.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>
/// Does the next job of a lane. Which one that is, is committed before it begins, and only while the lane is still this process's; what it comes to is
/// committed with the end of that. A job that is found running in a lane that is begun anew was lost with the process that did it, and waits again.
/// </summary>
internal sealed partial class RunJobs(
    Database<JobsDbContext> database, Worker worker, OwnerShares shares, JobMetrics metrics, IOptions<JobsOptions> options, TimeProvider time, ILogger<RunJobs> logger)
    : IDueHandler<JobsDbContext>
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromHours(1);

    // Another replica may know the kind, and a place may be free there.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookAgainForKind = TimeSpan.FromSeconds(10);

    public async Task<DueResult<JobsDbContext>> HandleAsync(DueWork work, CancellationToken cancellationToken)
    {
        var lane = Lane.Of(work);
        if (!shares.TryEnter(lane.OwnerId))
        {
            return DueResult.Done<JobsDbContext>(context =>
            {
                context.AddDue(lane.Asked(LookAgain));
                return Task.CompletedTask;
            });
        }

        try
        {
            return await DoNextAsync(lane, work, cancellationToken);
        }
        finally
        {
            shares.Exit(lane.OwnerId);
        }
    }

    private async Task<DueResult<JobsDbContext>> DoNextAsync(Lane lane, DueWork work, CancellationToken cancellationToken)
    {
        var (job, input) = await database.WriteAsync(context => BeginAsync(context, lane, work, cancellationToken), cancellationToken);
        if (job is null)
            return DueResult.Done<JobsDbContext>(context => AskForNextAsync(context, lane, cancellationToken));

        var started = time.GetTimestamp();
        var attempt = new JobAttempt(job, input, worker, database, options.Value, time);
        var released = Task.CompletedTask;
        var stopping = cancellationToken.Register(() => released = ReleaseAsync(job));
        try
        {
            var end = await attempt.RunAsync(cancellationToken);
            metrics.Attempted(job.Kind, time.GetElapsedTime(started));
            // Commits nothing when the process stops: the job waits again.
            return DueResult.Done<JobsDbContext>(async context =>
            {
                await EndAsync(context, job, attempt, end, cancellationToken);
                await AskForNextAsync(context, lane, cancellationToken);
            });
        }
        finally
        {
            await stopping.DisposeAsync();
            await released;
        }
    }

    private async Task<(Job? Job, byte[] Input)> BeginAsync(JobsDbContext context, Lane lane, DueWork work, CancellationToken cancellationToken)
    {
        if (!await context.HoldsAsync(work, cancellationToken))
            return (null, []);
        var (now, nowMs) = (time.GetUtcNow().ToMicroseconds(), work.TakenAtMs);
        var lost = await context.Jobs.Where(j => j.OwnerId == lane.OwnerId && j.Lane == lane.Number && j.State == JobState.Running).ToListAsync(cancellationToken);
        foreach (var one in lost)
            await InterruptAsync(context, one, nowMs, died: true, now, said: null, cancellationToken);
        await context.SaveChangesAsync(cancellationToken);

        var next = await Waiting(context, lane.OwnerId).Where(j => j.DueMs <= nowMs).OrderBy(j => j.TurnMs).ThenBy(j => j.JobId).FirstOrDefaultAsync(cancellationToken);
        if (next is null)
            return (null, []);
        var delay = TimeSpan.FromMilliseconds(nowMs - next.DueMs);
        context.AfterCommit(() => metrics.Began(delay));
        next.Begin(lane.Number, now);
        context.Publish(JobEventKind.Began, next, now);
        return (next, await context.Contents.Where(c => c.JobId == next.JobId).Select(c => c.Input).SingleAsync(cancellationToken));
    }

    private async Task EndAsync(JobsDbContext context, Job begun, JobAttempt attempt, RunEnd end, CancellationToken cancellationToken)
    {
        if (await FindAsync(context, begun, cancellationToken) is not { } job)
            return;
        var (now, said) = (time.GetUtcNow().ToMicroseconds(), attempt.Unsaid);
        if (said is not null)
            job.Progress = said.Progress;
        if (end is { Kind: RunEndKind.Succeeded, Output: { } output })
        {
            (await context.Contents.SingleAsync(c => c.JobId == job.JobId, cancellationToken)).Output = output;
            job.OutputBytes = output.Length;
            await OverAsync(JobState.Succeeded, "");
        }
        else if (attempt.IsCancelled || job.Cancelling)
        {
            await OverAsync(JobState.Cancelled, "");
        }
        else if (end.Kind is RunEndKind.Died or RunEndKind.Interrupted)
        {
            await InterruptAsync(context, job, await context.ReadClockAsync(cancellationToken), died: end.Kind == RunEndKind.Died, now, said, cancellationToken);
        }
        else
        {
            var error = attempt.IsTimedOut ? string.Create(CultureInfo.InvariantCulture, $"It took longer than {job.Timeout.TotalSeconds:0.###} s.") : end.Error;
            if (end.IsPermanent || job.Attempts >= job.MaxAttempts)
            {
                LogGivenUp(job.JobId, job.Kind, job.Attempts, error);
                await OverAsync(JobState.Failed, error);
                return;
            }

            job.Wait(await context.ReadClockAsync(cancellationToken) + (long)RetryAfter(job.Attempts).TotalMilliseconds, error);
            context.Publish(JobEventKind.Retried, job, now, said);
            context.AfterCommit(metrics.Retried);
        }

        async Task OverAsync(JobState state, string detail)
        {
            await context.EndAsync(job, state, detail, now, options.Value.MaxKeptPerOwner, said, cancellationToken);
            context.AfterCommit(() => metrics.Ended(job));
        }
    }

    /// <summary>It is done again, as the same attempt; but one whose process dies each time is given up.</summary>
    private async Task InterruptAsync(JobsDbContext context, Job job, long nowMs, bool died, DateTimeOffset now, RunChanges? said, CancellationToken cancellationToken)
    {
        job.Interruptions++;
        job.Deaths += died ? 1 : 0;
        context.AfterCommit(metrics.Interrupted);
        if (job.Cancelling || job.Deaths >= Job.MaxDeaths)
        {
            await context.EndAsync(job, job.Cancelling ? JobState.Cancelled : JobState.Failed, job.Cancelling ? "" : $"The process that did it has died {job.Deaths} times.", now, options.Value.MaxKeptPerOwner, said, cancellationToken);
            context.AfterCommit(() => metrics.Ended(job));
            return;
        }

        job.Attempts--;
        job.Wait(nowMs, "The process that did it has ended; it is done again.");
        context.Publish(JobEventKind.Interrupted, job, now, said);
    }

    /// <summary>This process stops, or has lost the lane: whoever has the lane next finds the job waiting.</summary>
    private async Task ReleaseAsync(Job begun)
    {
        try
        {
            await database.WriteAsync(async context =>
            {
                if (await context.Jobs.FirstOrDefaultAsync(j => j.JobId == begun.JobId && j.Run == begun.Run && j.State == JobState.Running) is { } job)
                    await InterruptAsync(context, job, await context.ReadClockAsync(CancellationToken.None), died: false, time.GetUtcNow().ToMicroseconds(), said: null, CancellationToken.None);
                return 0;
            }, CancellationToken.None);
        }
        catch (Exception exception)
        {
            // Whatever the database throws: whoever has the lane next finds the job running, and takes it for lost.
            LogNotReleased(exception, begun.JobId);
        }
    }

    /// <summary>Has the lane look again when the next job of its owner is due.</summary>
    private static async Task AskForNextAsync(JobsDbContext context, Lane lane, CancellationToken cancellationToken)
    {
        await context.SaveChangesAsync(cancellationToken);
        var (waiting, nowMs) = (Waiting(context, lane.OwnerId), await context.ReadClockAsync(cancellationToken));
        // First, since with many of them the rest need not be looked at.
        if (await waiting.AnyAsync(j => j.DueMs <= nowMs, cancellationToken))
            context.AddDue(lane.Asked());
        else if (await waiting.MinAsync(j => (long?)j.DueMs, cancellationToken) is { } dueMs)
            context.AddDue(lane.Asked(TimeSpan.FromMilliseconds(dueMs - nowMs)));
        else if (await context.Jobs.AnyAsync(j => j.OwnerId == lane.OwnerId && j.State == JobState.Waiting, cancellationToken))
            context.AddDue(lane.Asked(LookAgainForKind));
    }

    /// <summary>The job, while it is in that very run.</summary>
    private static Task<Job?> FindAsync(JobsDbContext context, Job begun, CancellationToken cancellationToken) =>
        context.Jobs.FirstOrDefaultAsync(j => j.JobId == begun.JobId && j.Run == begun.Run && j.State == JobState.Running, cancellationToken);

    /// <summary>What an owner has that this process can do.</summary>
    private static IQueryable<Job> Waiting(JobsDbContext context, string ownerId) =>
        context.Jobs.Where(j => j.OwnerId == ownerId && j.State == JobState.Waiting && JobKinds.Names.Contains(j.Kind));

    private static TimeSpan RetryAfter(int attempts)
    {
        var delay = FirstRetry * Math.Pow(2, Math.Min(attempts - 1, 20));
        return Jitter.Between(delay < MaxRetry ? delay : MaxRetry, 1.2 * (delay < MaxRetry ? delay : MaxRetry));
    }

    [LoggerMessage(LogLevel.Warning, "Job {JobId} of kind {Kind} is given up after {Attempts} attempts: {Cause}")]
    private partial void LogGivenUp(string jobId, string kind, int attempts, string cause);

    [LoggerMessage(LogLevel.Warning, "Job {JobId} was not put back while the process stops; it is done again all the same")]
    private partial void LogNotReleased(Exception exception, string jobId);
}
