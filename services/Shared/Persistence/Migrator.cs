using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>
/// Has the database up to date before the process serves: brings it there, or waits until another has, and tries again for as long as that takes
/// or <see cref="PersistenceOptions.MigrationTimeout"/> allows.
/// </summary>
/// <param name="schema">What is applied.</param>
/// <param name="options">How long that may take.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Hears what is waited for.</param>
/// <param name="connection">Reaches the server before; none for a file.</param>
internal sealed partial class Migrator<TContext>(
    DatabaseSchema<TContext> schema, IOptions<PersistenceOptions> options, TimeProvider time, ILogger<Migrator<TContext>> logger, FirstConnection<TContext>? connection = null)
    : IHostedLifecycleService
    where TContext : ServiceDbContext
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (connection is not null)
            await connection.OpenAsync(cancellationToken);
        using var timeout = new CancellationTokenSource(options.Value.MigrationTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        Exception? last = null;
        try
        {
            while (!await TryMigrateAsync())
                await Task.Delay(RetryDelay, time, both.Token);
        }
        catch (Exception exception) when (both.IsCancellationRequested && (IsRetried(exception) || exception is OperationCanceledException))
        {
            // What a driver makes of a token is its own affair; what it means is this.
            throw cancellationToken.IsCancellationRequested
                ? new OperationCanceledException("Told to stop before the database was migrated.", exception, cancellationToken)
                : Late(IsRetried(exception) ? exception : last);
        }

        async Task<bool> TryMigrateAsync()
        {
            try
            {
                var isMigrated = await IsMigratedAsync(both.Token);
                last = null;
                return isMigrated;
            }
            catch (Exception exception) when (IsRetried(exception) && !both.IsCancellationRequested)
            {
                if (last?.Message != exception.Message)
                    LogWaiting(exception.Message);
                last = exception;
                return false;
            }
        }
    }

    private static bool IsRetried(Exception exception) => exception is DbException or IOException or InvalidOperationException;

    private async Task<bool> IsMigratedAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.MigrateOnStart && !options.Value.MigrateAndExit)
            return await schema.IsCurrentAsync(cancellationToken);
        await schema.MigrateAsync(cancellationToken);
        return true;
    }

    private TimeoutException Late(Exception? last) =>
        new($"The database was not reachable and migrated within Persistence:MigrationTimeout = {options.Value.MigrationTimeout}. Is ConnectionStrings:Database right?", last);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "Waiting for the database: {Cause}")]
    private partial void LogWaiting(string cause);
}
