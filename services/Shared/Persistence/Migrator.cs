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
        while (true)
        {
            try
            {
                if (await IsMigratedAsync(both.Token))
                    return;
                last = null;
            }
            catch (Exception exception) when (exception is DbException or IOException or InvalidOperationException && !both.IsCancellationRequested)
            {
                if (last?.Message != exception.Message)
                    LogWaiting(exception.Message);
                last = exception;
            }
            catch (Exception exception) when (exception is DbException or IOException or InvalidOperationException && cancellationToken.IsCancellationRequested)
            {
                // What a driver makes of a token is its own affair; what it means is this.
                throw new OperationCanceledException("Told to stop before the database was migrated.", exception, cancellationToken);
            }
            catch (Exception exception) when (exception is DbException or IOException or InvalidOperationException)
            {
                // It came as the time was up.
                throw Late(exception);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw Late(last);
            }

            try
            {
                await Task.Delay(RetryDelay, time, both.Token);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw Late(last);
            }
        }
    }

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
