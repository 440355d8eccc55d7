using Microsoft.Extensions.Logging;

namespace Microservices.Persistence;

/// <summary>
/// Whether the database of a process is away, for everything in it: one line in the log when an outage begins, with its cause, and one when it
/// ends, with how many reads and writes failed meanwhile; code that meets it does not log it again. It begins with the first failure and ends
/// when <see cref="DatabaseProbe{TContext}"/> has written something, so reads and writes that succeed cost nothing here. Thread-safe.
/// </summary>
internal sealed partial class DatabaseOutage<TContext>(TimeProvider time, ILogger<DatabaseOutage<TContext>> logger)
    where TContext : ServiceDbContext
{
    private readonly Lock gate = new();
    private TaskCompletionSource begun = NewSignal();
    private string? writesFail;
    private long since;
    private long failures;

    /// <summary>Why writes fail, since the last that did; null while none does.</summary>
    public string? WritesFail => Volatile.Read(ref writesFail);

    /// <summary>Completes when an outage has begun that has not ended.</summary>
    public Task Begun
    {
        get
        {
            lock (gate)
                return begun.Task;
        }
    }

    /// <summary>Takes note of a failure, and returns what to throw instead; null when the database is not away.</summary>
    public DatabaseAwayException? Observe(Exception exception, bool writing)
    {
        if (DatabaseAwayException.CauseOf(exception) is not { } cause)
            return null;
        var begins = false;
        lock (gate)
        {
            begins = failures++ == 0;
            if (begins)
                since = time.GetTimestamp();
            if (writing)
                writesFail = cause;
        }

        if (begins)
        {
            LogBegun(cause);
            begun.TrySetResult();
        }

        return new DatabaseAwayException(cause, exception);
    }

    /// <summary>The database takes writes again.</summary>
    public void End()
    {
        TimeSpan lasted;
        long failed;
        lock (gate)
        {
            (lasted, failed) = (time.GetElapsedTime(since), failures);
            failures = 0;
            writesFail = null;
            begun = NewSignal();
        }

        LogEnded(lasted, failed);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(1, LogLevel.Warning, "The database is away, busy, or takes no writes: {Cause}. Calls that need it are answered UNAVAILABLE, and background work is retried; the next line about this is written when it is back")]
    private partial void LogBegun(string cause);

    [LoggerMessage(2, LogLevel.Information, "The database is back, after {Lasted}; {Failures} reads and writes failed meanwhile")]
    private partial void LogEnded(TimeSpan lasted, long failures);
}
