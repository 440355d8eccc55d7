using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>
/// Brings the database up to date before the process serves. One replica does it; the others wait, on a lock that goes with
/// its holder however it dies: a file lock beside a SQLite file, a session's advisory lock in PostgreSQL.
/// </summary>
internal sealed partial class Migrator<TContext>(
    IDbContextFactory<TContext> contexts, IOptions<PersistenceOptions> options, TimeProvider time, ILogger<Migrator<TContext>> logger)
    : IHostedLifecycleService
    where TContext : ServiceDbContext
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Value.MigrationTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        Exception? last = null;
        while (true)
        {
            try
            {
                if (options.Value.MigrateOnStart || options.Value.MigrateAndExit ? await MigrateAsync(both.Token) : await IsMigratedAsync(both.Token))
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

    private TimeoutException Late(Exception? last) =>
        new($"The database was not reachable and migrated within Persistence:MigrationTimeout = {options.Value.MigrationTimeout}. Is ConnectionStrings:Database right?", last);

    private async Task<bool> IsMigratedAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return !(await context.Database.GetPendingMigrationsAsync(cancellationToken)).Any();
    }

    private async Task<bool> MigrateAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return context.Database.IsSqlite()
            ? await MigrateSqliteAsync(context, cancellationToken)
            : await MigratePostgresAsync(context, cancellationToken);
    }

    private async Task<bool> MigrateSqliteAsync(TContext context, CancellationToken cancellationToken)
    {
        var file = new SqliteConnectionStringBuilder(context.Database.GetConnectionString()).DataSource;
        // Throws IOException while another process has it; the system releases it when that process ends.
        await using var held = new FileStream($"{file}.migrating", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        await context.Database.OpenConnectionAsync(cancellationToken);
        await context.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancellationToken);
        // EF's own lock is a row, which a killed process leaves behind; nobody else can hold it while we hold ours.
        await context.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS __EFMigrationsLock", cancellationToken);
        await ApplyAsync(context, cancellationToken);
        return true;
    }

    private async Task<bool> MigratePostgresAsync(TContext context, CancellationToken cancellationToken)
    {
        var name = typeof(TContext).Name;
        await using var session = await contexts.CreateDbContextAsync(cancellationToken);
        // A server that accepts and then says nothing holds up Npgsql's handshake, token or not.
        await session.Database.OpenConnectionAsync(cancellationToken).WaitAsync(cancellationToken);
        await session.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock(hashtext({name}))", cancellationToken);
        try
        {
            await ApplyAsync(context, cancellationToken);
        }
        finally
        {
            await session.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock(hashtext({name}))", CancellationToken.None);
        }

        return true;
    }

    private async Task ApplyAsync(TContext context, CancellationToken cancellationToken)
    {
        var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
        if (pending.Count > 0)
        {
            await context.Database.MigrateAsync(cancellationToken);
            LogMigrated(pending.Count, pending[^1]);
        }

        await context.MigrateDataAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "Waiting for the database: {Cause}")]
    private partial void LogWaiting(string cause);

    [LoggerMessage(LogLevel.Information, "Applied {Count} migrations, up to {Last}")]
    private partial void LogMigrated(int count, string last);
}
