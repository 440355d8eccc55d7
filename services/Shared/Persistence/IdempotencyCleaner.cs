using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>Forgets idempotency keys past their retention, so that the table stays bounded. Any number of replicas may do it.</summary>
internal sealed partial class IdempotencyCleaner<TContext>(
    Database<TContext> database, IOptions<PersistenceOptions> options, TimeProvider time, ILogger<IdempotencyCleaner<TContext>> logger)
    : BackgroundService
    where TContext : ServiceDbContext
{
    private static readonly TimeSpan MaxPeriod = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var retention = options.Value.IdempotencyRetention;
        using var timer = new PeriodicTimer(retention < MaxPeriod ? retention : MaxPeriod, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var before = time.GetUtcNow() - retention;
                await database.WriteAsync(context => context.IdempotencyRecords.Where(r => r.CreatedAt < before).ExecuteDeleteAsync(stoppingToken), stoppingToken);
            }
            catch (Exception exception) when (exception is DbException or InvalidOperationException)
            {
                // The next round tries again; until then keys are only remembered longer.
                LogFailed(exception.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Old idempotency keys were not deleted this time: {Cause}")]
    private partial void LogFailed(string cause);
}
