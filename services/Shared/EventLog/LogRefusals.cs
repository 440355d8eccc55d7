using Microsoft.Extensions.Logging;

namespace Microservices.EventLog;

/// <summary>
/// Redis's refusals to keep what is appended, for want of memory above all: one line in the log when they begin and one when they have
/// ended, and the cause for the health check. Thread-safe.
/// </summary>
internal sealed partial class LogRefusals(TimeProvider time, ILogger<LogRefusals> logger)
{
    /// <summary>A Redis without memory keeps an event now and then: the refusals have ended after so long without one.</summary>
    public static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private string? current;
    private long lastAt;
    private long calls;

    /// <summary>Redis's own message; null when it has kept everything of late.</summary>
    public string? Current
    {
        get
        {
            lock (gate)
            {
                if (current is null || time.GetElapsedTime(lastAt) < Calm)
                    return current;
                LogOver(calls);
                current = null;
                return null;
            }
        }
    }

    public void Refused(string message)
    {
        lock (gate)
        {
            lastAt = time.GetTimestamp();
            if (current is null)
            {
                calls = 0;
                LogRefused(message);
            }

            calls++;
            current = message;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Redis does not keep the events that are appended: {Message}. It publishes them all the same, and readers that miss some are served by the databases")]
    private partial void LogRefused(string message);

    [LoggerMessage(2, LogLevel.Information, "Redis keeps the events that are appended again; it had refused {Calls} calls")]
    private partial void LogOver(long calls);
}
