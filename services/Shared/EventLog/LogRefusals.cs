using Microsoft.Extensions.Logging;

namespace Microservices.EventLog;

/// <summary>
/// What Redis says when it does not take what is appended, out of memory above all: one line in the log when that begins and one when it
/// has ended, and the cause for the health check. Thread-safe.
/// </summary>
internal sealed partial class LogRefusals(TimeProvider time, ILogger<LogRefusals> logger)
{
    /// <summary>Redis that has no memory left takes an event now and then: only after so long without a refusal is it over.</summary>
    public static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private string? current;
    private long lastAt;
    private long calls;

    /// <summary>Redis's own message; null when it took everything of late.</summary>
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

    [LoggerMessage(1, LogLevel.Warning, "Redis does not keep the events that are appended: {Message}. Of those that it publishes all the same, readers that miss some are served by the databases")]
    private partial void LogRefused(string message);

    [LoggerMessage(2, LogLevel.Information, "Redis keeps the events that are appended again, after {Calls} calls that it refused")]
    private partial void LogOver(long calls);
}
