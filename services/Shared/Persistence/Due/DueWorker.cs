using System.Collections.Concurrent;
using System.Diagnostics;
using Microservices.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>
/// Does the due work of one kind, so much at a time: takes what is due for a lease, and commits what it comes to only while no other process has
/// taken it since. Woken by the commits of its own process, it polls for those of others. When the process is told to stop it takes nothing more,
/// and gives back what does not end in time.
/// </summary>
internal sealed partial class DueWorker<TContext>(
    DueKind kind, IDueHandler<TContext> handler, Database<TContext> database, DueStore<TContext> store, DueLeases<TContext> leases, DueMetrics metrics,
    IOptions<DueOptions> settings, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<DueWorker<TContext>> logger)
    : BackgroundService
    where TContext : ServiceDbContext
{
    private static readonly ActivitySource Spans = new("Microservices.Persistence");
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(1);

    private readonly DueOptions options = settings.Value;
    private readonly ConcurrentDictionary<DueRun, Task> running = [];
    private long? countedAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host tells so before it waits for the server: others need not wait for that.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        var backoff = new Backoff(MinBackoff, MaxBackoff);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var free = options.Concurrency - kind.Running;
                var asked = time.GetTimestamp();
                var taken = free > 0 ? await store.TakeAsync(kind.Name, leases.Owner, free, stop.Token) : [];
                foreach (var work in taken)
                    Begin(work, asked);
                await CountAsync(stop.Token);
                backoff.Reset();
                if (taken.Count == 0)
                    await kind.Signal.WaitAsync(options.PollInterval, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
            catch (Exception exception)
            {
                // Whatever the database throws: the loop must go on, or nothing would ever be done again.
                var level = DatabaseAwayException.LevelOf(exception, LogLevel.Warning);
                LogNotTaken(level, exception, kind.Name);
                await Task.Delay(backoff.Next(), time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await DrainAsync();
    }

    private void Begin(DueWork work, long asked)
    {
        work.Lease = new DueLease(time, options.LeaseDuration, asked);
        var run = new DueRun(work);
        leases.Add(run);
        kind.Begin();
        // In the pool, since work may block before it first waits for something. Kept before it can end.
        var task = new Task<Task>(() => RunAsync(run));
        running[run] = task.Unwrap();
        task.Start(TaskScheduler.Default);
    }

    private async Task RunAsync(DueRun run)
    {
        using var span = run.Work.TraceContext is { } cause ? Spans.StartCaused(ActivityKind.Consumer, "process", kind.Name, [cause]) : null;
        try
        {
            var result = await HandleAsync(run);
            if (!run.Token.IsCancellationRequested)
                await CommitAsync(run, result);
        }
        catch (Exception exception)
        {
            // It is taken again when its lease is over.
            var level = DatabaseAwayException.LevelOf(exception, LogLevel.Warning);
            LogNotCommitted(level, exception, kind.Name, run.Work.Id);
        }
        finally
        {
            leases.Remove(run);
            running.TryRemove(run, out _);
            run.Dispose();
            kind.End();
        }
    }

    private async Task<DueResult<TContext>> HandleAsync(DueRun run)
    {
        if (run.Work.Attempts > kind.MaxAttempts)
            return DueResult.Failed<TContext>("Its process died in the last of its attempts.");
        try
        {
            return await handler.HandleAsync(run.Work, run.Token);
        }
        catch (Exception exception)
        {
            if (!run.Token.IsCancellationRequested)
                LogThrew(exception, kind.Name, run.Work.Id);
            return DueResult.Failed<TContext>($"{exception.GetType().Name}: {exception.Message}");
        }
    }

    /// <summary>Commits a result. What cannot be committed is a failure; while the database is away that waits, and the work is not done again for it.</summary>
    private async Task CommitAsync(DueRun run, DueResult<TContext> result)
    {
        var backoff = new Backoff(MinBackoff, MaxBackoff);
        while (true)
        {
            var end = result.Error is null ? new DueEnd(run.Work) : new DueEnd(run.Work, result.Error, kind.NextRetry(run.Work.Attempts, result.RetryAfter));
            try
            {
                await database.WriteAsync(async context =>
                {
                    if (result.Commit is not null)
                        await result.Commit(context);
                    context.EndedDue = end;
                    return 0;
                }, CancellationToken.None);
                Committed(end);
                return;
            }
            catch (DueLeaseLostException)
            {
                metrics.Fenced(kind.Name);
                LogFenced(kind.Name, run.Work.Id);
                return;
            }
            catch (DatabaseAwayException)
            {
                await Task.Delay(backoff.Next(), time, run.Token);
            }
            catch (Exception exception) when (result.Commit is not null)
            {
                LogThrew(exception, kind.Name, run.Work.Id);
                result = DueResult.Failed<TContext>($"{exception.GetType().Name}: {exception.Message}", result.RetryAfter);
            }
        }
    }

    private void Committed(DueEnd end)
    {
        metrics.Ended(kind.Name, end);
        if (end.Error is null)
            return;
        if (end.RetryIn is { } delay)
            LogRetried(kind.Name, end.Work.Id, end.Work.Attempts, delay, end.Error);
        else
            LogQuarantined(kind.Name, end.Work.Id, end.Work.Attempts, end.Error);
    }

    private async Task CountAsync(CancellationToken cancellationToken)
    {
        if (countedAt is { } at && time.GetElapsedTime(at) < CountInterval / (kind.Stalled > TimeSpan.Zero ? 5 : 1))
            return;
        kind.Saw(await store.CountAsync(kind.Name, counts: true, cancellationToken));
        countedAt = time.GetTimestamp();
    }

    private async Task DrainAsync()
    {
        await Task.WhenAll(running.Values).WaitAsync(options.DrainTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // What ignores its token may go on, and cannot commit. A lease that is not given back in its own time has ended by itself.
        using var enough = new CancellationTokenSource(options.LeaseDuration, time);
        await Task.WhenAll(running.Keys.Select(async run =>
        {
            leases.Remove(run);
            run.Cancel();
            try
            {
                await store.GiveBackAsync(run.Work, enough.Token);
            }
            catch (Exception exception)
            {
                // Whatever the database throws: the others are given back all the same.
                LogNotGivenBack(exception, kind.Name, run.Work.Id);
            }
        }));
    }

    [LoggerMessage("Due work of kind {Kind} was not taken this time")]
    private partial void LogNotTaken(LogLevel level, Exception exception, string kind);

    [LoggerMessage("What came of {Kind} {Id} was not committed; it is done again")]
    private partial void LogNotCommitted(LogLevel level, Exception exception, string kind, string id);

    [LoggerMessage(LogLevel.Warning, "{Kind} {Id} threw")]
    private partial void LogThrew(Exception exception, string kind, string id);

    [LoggerMessage(LogLevel.Warning, "What came of {Kind} {Id} is dropped: its lease was lost, and another process has it or has done it")]
    private partial void LogFenced(string kind, string id);

    [LoggerMessage(LogLevel.Debug, "{Kind} {Id} failed in attempt {Attempts} and is due again in {Delay}: {Cause}")]
    private partial void LogRetried(string kind, string id, int attempts, TimeSpan delay, string cause);

    [LoggerMessage(LogLevel.Error, "{Kind} {Id} is quarantined after {Attempts} attempts, until an operator retries it or deletes it from DueWork: {Cause}")]
    private partial void LogQuarantined(string kind, string id, int attempts, string cause);

    [LoggerMessage(LogLevel.Debug, "{Kind} {Id} was not given back")]
    private partial void LogNotGivenBack(Exception exception, string kind, string id);
}
