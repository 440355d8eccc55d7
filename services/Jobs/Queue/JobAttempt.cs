using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>One attempt at a job: has the worker do it, commits how far it comes, and ends it when its time is up or somebody has cancelled it. Used once.</summary>
internal sealed class JobAttempt(Job job, byte[] input, Worker worker, Database<JobsDbContext> database, JobsOptions options, TimeProvider time)
{
    private readonly RunReport report = new();

    /// <summary>Somebody has cancelled the job while it ran.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>It took longer than it may.</summary>
    public bool IsTimedOut { get; private set; }

    /// <summary>What it has said last.</summary>
    public RunChanges? Unsaid => report.Take();

    /// <summary>Returns when the worker does nothing for the job any more.</summary>
    public async Task<RunEnd> RunAsync(CancellationToken cancellationToken)
    {
        // What was in a worker that died gets one of its own, so that only the one that kills it is given up.
        using var own = job.Deaths > 0 ? worker.StartOwn() : null;
        var process = own ?? await worker.ReadyAsync(cancellationToken);
        using var timeout = new CancellationTokenSource(job.Timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var running = process.RunAsync(job.Kind, input, report, stop.Token);
        while (!running.IsCompleted)
        {
            await ((Task)running).WaitAsync(options.ProgressInterval, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!running.IsCompleted && !stop.IsCancellationRequested && await IsCancelledAsync(cancellationToken))
            {
                IsCancelled = true;
                await stop.CancelAsync();
            }
        }

        IsTimedOut = timeout.IsCancellationRequested;
        return await running;
    }

    /// <summary>Commits what is new, and says whether somebody has cancelled the job. While the database is away that waits for the next time.</summary>
    private async Task<bool> IsCancelledAsync(CancellationToken cancellationToken)
    {
        var said = report.Take();
        try
        {
            if (said is null)
                return await database.ReadAsync(context => context.Jobs.Where(j => j.JobId == job.JobId && j.Run == job.Run).Select(j => j.Cancelling).FirstOrDefaultAsync(cancellationToken), cancellationToken);
            return await database.WriteAsync(async context =>
            {
                if (await context.Jobs.FirstOrDefaultAsync(j => j.JobId == job.JobId && j.Run == job.Run && j.State == JobState.Running, cancellationToken) is not { } now)
                    return false;
                now.Progress = said.Progress;
                now.Version++;
                context.Publish(JobEventKind.Progressed, now, time.GetUtcNow().ToMicroseconds(), said);
                return now.Cancelling;
            }, cancellationToken);
        }
        catch (Exception exception) when (exception is DatabaseAwayException or OperationCanceledException)
        {
            return false;
        }
    }
}
