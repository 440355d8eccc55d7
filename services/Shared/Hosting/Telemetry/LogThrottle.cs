using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Makes the loggers of the process, which write a limited number of lines of one kind in a period (<see cref="LogThrottleOptions"/>), and then
/// one line that says how many were left out. A kind is a category and an event id, that is, the lines of one place in the code. Only
/// warnings and above are limited; lines below can be turned off by their level. So neither a flood of bad requests nor an outage that fails
/// every request fills the log, whether Kestrel, EF Core or the suite logs it. Lines that are left out are not formatted. Lines about the
/// conduct of a client are warnings at most (<see cref="ClientConduct"/>). Thread-safe.
/// </summary>
internal sealed class LogThrottle : ILoggerFactory
{
    private readonly LoggerFactory inner;
    private readonly LogThrottleOptions options;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly ConcurrentDictionary<string, ThrottledLogger> loggers = new();
    private readonly ConcurrentQueue<LogWindow> full = [];
    private int isArmed;

    public LogThrottle(LoggerFactory inner, IOptions<LogThrottleOptions> options, TimeProvider time)
    {
        (this.inner, this.options, this.time) = (inner, options.Value, time);
        timer = time.CreateTimer(_ => Summarize(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public ILogger CreateLogger(string categoryName) => loggers.GetOrAdd(categoryName, name => new ThrottledLogger(inner.CreateLogger(name), name, this, StartupFailure.IsAboutStart(name)));

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
        timer.Dispose();
        Summarize();
        inner.Dispose();
    }

    /// <summary>Whether a line of this kind may be written now; otherwise it is counted.</summary>
    internal bool Admit(LogWindow window)
    {
        switch (window.Admit(time, options))
        {
            case Admission.Written:
                return true;
            case Admission.FirstLeftOut:
                full.Enqueue(window);
                if (Interlocked.Exchange(ref isArmed, 1) == 0)
                    timer.Change(options.Period, Timeout.InfiniteTimeSpan);
                return false;
            default:
                return false;
        }
    }

    private void Summarize()
    {
        Interlocked.Exchange(ref isArmed, 0);
        while (full.TryDequeue(out var window))
            window.Summarize(options.Period);
    }
}

internal enum Admission
{
    Written,
    FirstLeftOut,
    LeftOut,
}

/// <summary>The lines of one kind in one period.</summary>
internal sealed partial class LogWindow(ILogger logger, LogLevel level, EventId kind)
{
    private readonly Lock gate = new();
    private readonly string name = kind.Name ?? kind.ToString();
    private long start;
    private int written;
    private int leftOut;

    public Admission Admit(TimeProvider time, LogThrottleOptions options)
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            // A window that left lines out lasts until their number is logged.
            if (leftOut == 0 && time.GetElapsedTime(start, now) >= options.Period)
                (start, written) = (now, 0);
            if (written < options.Lines)
            {
                written++;
                return Admission.Written;
            }

            return leftOut++ == 0 ? Admission.FirstLeftOut : Admission.LeftOut;
        }
    }

    public void Summarize(TimeSpan period)
    {
        int count;
        lock (gate)
            (count, leftOut, start, written) = (leftOut, 0, 0, 0);
        LogLeftOut(logger, level, count, name, period.TotalSeconds);
    }

    [LoggerMessage(Message = "{Count} more lines like these ({Kind}) within {Seconds} s were left out")]
    private static partial void LogLeftOut(ILogger logger, LogLevel level, int count, string kind, double seconds);
}

internal sealed class ThrottledLogger(ILogger inner, string category, LogThrottle throttle, bool isAboutStart) : ILogger
{
    private readonly ConcurrentDictionary<int, LogWindow> windows = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Warning)
        {
            logLevel = ClientConduct.Level(logLevel, category, eventId);
            if (!inner.IsEnabled(logLevel) || (isAboutStart && StartupFailure.IsReportedAtExit(exception)))
                return;
            if (!windows.TryGetValue(eventId.Id, out var window))
                window = windows.GetOrAdd(eventId.Id, _ => new LogWindow(inner, logLevel, eventId));
            if (!throttle.Admit(window))
                return;
        }

        inner.Log(logLevel, eventId, state, exception, formatter);
    }
}
