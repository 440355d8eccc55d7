using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Persistence;

/// <summary>
/// While the database is away, tries once a second whether it takes writes again, so that a process comes back also when nobody calls it, as
/// when it is not ready. Does nothing otherwise.
/// </summary>
internal sealed partial class DatabaseProbe<TContext>(
    Database<TContext> database, DatabaseOutage<TContext> outage, TimeProvider time, ILogger<DatabaseProbe<TContext>> logger)
    : BackgroundService
    where TContext : ServiceDbContext
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await outage.Begun.WaitAsync(stoppingToken);
            do
                await Task.Delay(Period, time, stoppingToken);
            while (!await WritesAsync(stoppingToken));
            outage.End();
        }
    }

    private async Task<bool> WritesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await database.ProbeAsync(cancellationToken);
            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it is: the database does not take a write, and is asked again.
            LogStillAway(exception);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Debug, "The database is still away")]
    private partial void LogStillAway(Exception exception);
}
