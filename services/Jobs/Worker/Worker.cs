using Microservices.Persistence;
using Microservices.Primitives;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>Keeps a worker process there: one that has ended is started again, after a while if it has not lived for long. Thread-safe.</summary>
internal sealed partial class Worker(IOptions<JobsOptions> options, IOptions<DueOptions> due, JobMetrics metrics, TimeProvider time, ILogger<Worker> logger) : BackgroundService
{
    private static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(10);
    private volatile TaskCompletionSource<WorkerProcess> current = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The process, as soon as there is one.</summary>
    public Task<WorkerProcess> ReadyAsync(CancellationToken cancellationToken) => current.Task.WaitAsync(cancellationToken);

    /// <summary>Another one, for one job; to be disposed of.</summary>
    public WorkerProcess StartOwn() => Start(threads: 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = new Backoff(MinBackoff, MaxBackoff);
        while (!stoppingToken.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            try
            {
                using var process = Start(due.Value.Concurrency);
                current.SetResult(process);
                await process.Ended.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                current = new(TaskCreationOptions.RunContinuationsAsynchronously);
                if (!stoppingToken.IsCancellationRequested)
                    Ended(process);
            }
            catch (Exception exception)
            {
                // Whatever it is, such as too many processes: jobs wait until one starts.
                LogNotStarted(exception);
            }

            if (time.GetElapsedTime(started) > MaxBackoff)
                backoff.Reset();
            await Task.Delay(backoff.Next(), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private WorkerProcess Start(int threads) => WorkerProcess.Start(threads, options.Value.CancelGrace, time);

    private void Ended(WorkerProcess process)
    {
        metrics.WorkerEnded(process.WasKilled);
        if (process.WasKilled)
            LogKilled(process.Id);
        else
            LogDied(process.Id);
    }

    [LoggerMessage(LogLevel.Error, "The worker process could not be started; jobs wait until one can")]
    private partial void LogNotStarted(Exception exception);

    [LoggerMessage(LogLevel.Warning, "The worker process {ProcessId} was killed, since a job went on that was asked to end; another one is started")]
    private partial void LogKilled(int processId);

    [LoggerMessage(LogLevel.Error, "The worker process {ProcessId} has died; what it did is done again, and another one is started")]
    private partial void LogDied(int processId);
}
