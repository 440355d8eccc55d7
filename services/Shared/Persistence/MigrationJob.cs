using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>What a process with a database does once it is built: serve, or migrate and be done.</summary>
public static partial class MigrationJob
{
    internal const string Key = "migration";

    /// <summary>
    /// With <see cref="PersistenceOptions.MigrateAndExit"/>: opens no port, brings the database up to date, disposes of the process's services,
    /// and returns true: that was all. When it is not done within <see cref="PersistenceOptions.MigrationTimeout"/>, or cannot be done, the process
    /// ends as one that cannot start. Else does nothing and returns false: the process is to serve.
    /// </summary>
    public static async Task<bool> MigrateAndExitAsync(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<IOptions<PersistenceOptions>>().Value.MigrateAndExit)
            return false;

        // Its last lines are written when it is disposed.
        await using (app)
        {
            await app.Services.GetRequiredKeyedService<IHostedLifecycleService>(Key).StartingAsync(CancellationToken.None);
            LogMigrated(app.Logger);
        }

        return true;
    }

    [LoggerMessage(LogLevel.Information, "The database is up to date; done")]
    private static partial void LogMigrated(ILogger logger);
}
