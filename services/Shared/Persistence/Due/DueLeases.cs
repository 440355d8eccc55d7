using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>How long work is surely this process's, by its own monotonic clock: from before the database was asked for it. Thread-safe.</summary>
internal sealed class DueLease(TimeProvider time, TimeSpan duration, long asked)
{
    private long asked = asked;

    public TimeSpan Duration => duration;

    public bool IsOver => time.GetElapsedTime(Volatile.Read(ref asked)) >= duration;

    public void Renew(long askedAgain) => Volatile.Write(ref asked, askedAgain);
}

/// <summary>An attempt that runs in this process. Thread-safe.</summary>
internal sealed class DueRun(DueWork work) : IDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource cancelled = new();
    private bool isOver;

    public DueWork Work => work;

    /// <summary>Fires when nothing that it comes to is kept.</summary>
    public CancellationToken Token => cancelled.Token;

    /// <summary>Nothing that it comes to is kept. What is registered with its token runs in the pool, and holds up nobody here.</summary>
    public void Cancel()
    {
        lock (gate)
        {
            if (!isOver)
                _ = cancelled.CancelAsync();
        }
    }

    public void Dispose()
    {
        lock (gate)
            isOver = true;
        cancelled.Dispose();
    }
}

/// <summary>
/// Keeps the leases of what runs in this process, every third of their duration, from a thread of its own that asks the database without the thread
/// pool: neither work that blocks nor a pool without threads loses a lease. Writes nothing while nothing runs. Thread-safe.
/// </summary>
internal sealed partial class DueLeases<TContext>(DueStore<TContext> store, IOptions<DueOptions> options, TimeProvider time, ILogger<DueLeases<TContext>> logger) : IHostedService, IDisposable
    where TContext : ServiceDbContext
{
    private readonly ConcurrentDictionary<DueRun, bool> runs = [];
    private readonly ManualResetEventSlim stop = new();
    private Thread? thread;

    /// <summary>This process in the column <c>Owner</c>.</summary>
    public string Owner { get; } = $"{Environment.ProcessId}-{Guid.NewGuid():n}";

    public void Add(DueRun run) => runs.TryAdd(run, true);

    public void Remove(DueRun run) => runs.TryRemove(run, out _);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        thread = new Thread(Renew) { IsBackground = true, Name = "Leases of due work", Priority = ThreadPriority.AboveNormal };
        thread.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        stop.Set();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        stop.Set();
        thread?.Join();
        stop.Dispose();
    }

    private void Renew()
    {
        while (!stop.Wait(options.Value.LeaseDuration / 3))
        {
            var running = runs.Keys;
            if (running.Count == 0)
                continue;
            try
            {
                var asked = time.GetTimestamp();
                var kept = store.Renew(Owner, running.Select(run => run.Work.Number).Distinct());
                foreach (var run in running)
                {
                    if (kept.Contains((run.Work.Number, run.Work.Fence)))
                        run.Work.Lease!.Renew(asked);
                    else if (runs.ContainsKey(run))
                        run.Cancel();
                }
            }
            catch (Exception exception)
            {
                // Whatever the database throws: it is tried again. Until the leases are over the work is still this process's.
                var level = DatabaseAwayException.LevelOf(exception, LogLevel.Warning);
                LogNotRenewed(level, exception, running.Count);
            }
        }
    }

    [LoggerMessage("The leases of {Count} rows of due work were not renewed this time")]
    private partial void LogNotRenewed(LogLevel level, Exception exception, int count);
}
