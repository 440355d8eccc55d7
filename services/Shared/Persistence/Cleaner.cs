using System.Data.Common;
using Microservices.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Persistence;

/// <summary>
/// Deletes rows past their retention, so that a table stays bounded: within ten seconds of the start, since a process may not live for long, and
/// then once a retention, at least once an hour, oldest first, in chunks so that no other write waits for long. Any number of replicas may do it:
/// they do not do it at the same time.
/// </summary>
/// <param name="database">Where the rows are.</param>
/// <param name="retention">How long rows are kept.</param>
/// <param name="time">Tells the time.</param>
/// <param name="logger">Hears of rounds that failed; the next one tries again.</param>
public abstract partial class Cleaner<TContext>(Database<TContext> database, TimeSpan retention, TimeProvider time, ILogger logger) : BackgroundService
    where TContext : ServiceDbContext
{
    private const int Chunk = 1_000;
    private static readonly TimeSpan MaxFirstDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxPeriod = TimeSpan.FromHours(1);

    // LoggerMessage asks for a field.
    private readonly ILogger logger = logger;

    /// <summary>The rows from before a time, oldest first.</summary>
    protected abstract IQueryable<object> Before(TContext context, DateTimeOffset time);

    /// <inheritdoc/>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var period = retention < MaxPeriod ? retention : MaxPeriod;
        var first = period < MaxFirstDelay ? period : MaxFirstDelay;
        for (var delay = Jitter.Between(first / 10, first); ; delay = Jitter.Shorten(period))
        {
            await Task.Delay(delay, time, stoppingToken);
            try
            {
                var before = time.GetUtcNow() - retention;
                while (await database.WriteAsync(context => Before(context, before).Take(Chunk).ExecuteDeleteAsync(stoppingToken), stoppingToken) == Chunk)
                {
                }
            }
            catch (DatabaseAwayException)
            {
                // It is known already.
            }
            catch (Exception exception) when (exception is DbException or InvalidOperationException)
            {
                LogFailed(GetType().Name, exception.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Cleaner} did not delete what is past its retention this time: {Cause}")]
    private partial void LogFailed(string cleaner, string cause);
}
