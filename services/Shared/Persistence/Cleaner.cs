using System.Data.Common;
using Microservices.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Persistence;

/// <summary>
/// Deletes rows past their retention, so that a table stays bounded: within ten seconds of the start, since a process may not live for long, and
/// then about once a minute, oldest first, in chunks so that no other write waits for long. Any number of replicas may do it: they do not do it at
/// the same time.
/// </summary>
/// <param name="retention">How long rows are kept.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Gets a line for a round that failed; the next one tries again.</param>
public abstract partial class Cleaner(TimeSpan retention, TimeProvider time, ILogger logger) : BackgroundService
{
    private const int Chunk = 1_000;
    private static readonly TimeSpan MaxFirstDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    // LoggerMessage asks for a field.
    private readonly ILogger logger = logger;

    /// <summary>Deletes rows from before a time, oldest first.</summary>
    /// <param name="before">The time.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>How many; fewer than the count when no more are left.</returns>
    protected abstract Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var delay = Jitter.Between(MaxFirstDelay / 10, MaxFirstDelay); ; delay = Jitter.Shorten(Period))
        {
            await Task.Delay(delay, time, stoppingToken);
            try
            {
                var before = time.GetUtcNow() - retention;
                while (await DeleteAsync(before, Chunk, stoppingToken) == Chunk)
                {
                }
            }
            catch (Exception exception) when (exception is DbException or InvalidOperationException)
            {
                var level = DatabaseAwayException.LevelOf(exception, LogLevel.Warning);
                LogFailed(level, GetType().Name, exception.Message);
            }
        }
    }

    [LoggerMessage("{Cleaner} could not delete rows past their retention, and will try again: {Cause}")]
    private partial void LogFailed(LogLevel level, string cleaner, string cause);
}
