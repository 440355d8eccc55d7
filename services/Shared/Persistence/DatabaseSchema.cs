using Microservices.Primitives;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microservices.Persistence;

/// <summary>
/// The tables of a service's database, its own and the shared ones, as migrations make them. One replica applies these; the others wait, on a lock
/// that goes with its holder however it dies: a file lock beside a SQLite file, a session's advisory lock in PostgreSQL.
/// </summary>
internal sealed partial class DatabaseSchema<TContext>(
    IDbContextFactory<TContext> contexts, IDbContextFactory<SharedDbContext> sharedContexts, ILogger<DatabaseSchema<TContext>> logger)
    where TContext : ServiceDbContext
{
    /// <summary>Whether there is nothing to apply.</summary>
    /// <exception cref="InvalidSettingException">The database is of before the first migration, or refuses for good.</exception>
    public async Task<bool> IsCurrentAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            await ThrowIfEarlierAsync(context, cancellationToken);
            await using var shared = await sharedContexts.CreateDbContextAsync(cancellationToken);
            return !(await context.Database.GetPendingMigrationsAsync(cancellationToken)).Any()
                && !(await shared.Database.GetPendingMigrationsAsync(cancellationToken)).Any();
        }
        catch (Exception exception) when (DatabaseRefusal.Of(exception, context.Database) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>Applies what is to be applied.</summary>
    /// <exception cref="IOException">Another process is applying them.</exception>
    /// <exception cref="InvalidSettingException">The database is of before the first migration, or refuses for good.</exception>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            if (context.Database.IsSqlite())
                await MigrateSqliteAsync(context, cancellationToken);
            else
                await MigratePostgresAsync(context, cancellationToken);
        }
        catch (Exception exception) when (DatabaseRefusal.Of(exception, context.Database) is { } refusal)
        {
            throw refusal;
        }
    }

    private async Task MigrateSqliteAsync(TContext context, CancellationToken cancellationToken)
    {
        // Throws IOException while another process has it; the system releases it when that process ends.
        await using var held = new FileStream($"{FileOf(context)}.migrating", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        await context.Database.OpenConnectionAsync(cancellationToken);
        await context.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancellationToken);
        // EF's own lock is a row, which a killed process leaves behind; nobody else can hold it while we hold ours.
        await context.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS __EFMigrationsLock", cancellationToken);
        await ApplyAsync(context, cancellationToken);
    }

    private async Task MigratePostgresAsync(TContext context, CancellationToken cancellationToken)
    {
        var name = typeof(TContext).Name;
        await using var session = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            // A server that accepts and then says nothing holds up Npgsql's handshake, token or not.
            await session.Database.OpenConnectionAsync(cancellationToken).WaitAsync(cancellationToken);
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            await CreateDatabaseAsync(context, cancellationToken);
            await session.Database.OpenConnectionAsync(cancellationToken);
        }

        await session.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock(hashtext({name}))", cancellationToken);
        try
        {
            await ApplyAsync(context, cancellationToken);
        }
        finally
        {
            await session.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock(hashtext({name}))", CancellationToken.None);
        }
    }

    private async Task CreateDatabaseAsync(TContext context, CancellationToken cancellationToken)
    {
        try
        {
            await context.GetService<IRelationalDatabaseCreator>().CreateAsync(cancellationToken);
            LogCreated(context.Database.GetDbConnection().Database);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw DatabaseRefusal.MayNotCreate(refused, context.Database);
        }
        catch (PostgresException raced) when (raced.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another replica, or another service that shares it, was first.
        }
    }

    private async Task ApplyAsync(TContext context, CancellationToken cancellationToken)
    {
        await ThrowIfEarlierAsync(context, cancellationToken);
        // First, since the service's first migration makes the schema.
        await ApplyPendingAsync(context, cancellationToken);
        await using var shared = await sharedContexts.CreateDbContextAsync(cancellationToken);
        await ApplyPendingAsync(shared, cancellationToken);
    }

    private async Task ApplyPendingAsync(DbContext context, CancellationToken cancellationToken)
    {
        var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
        if (pending.Count == 0)
            return;
        await context.Database.MigrateAsync(cancellationToken);
        LogMigrated(pending.Count, context.GetType().Name, pending[^1]);
    }

    /// <summary>Throws for a database of an earlier version. One of a later version passes: it has the first migration of this one, and more.</summary>
    private static async Task ThrowIfEarlierAsync(TContext context, CancellationToken cancellationToken)
    {
        var applied = (await context.Database.GetAppliedMigrationsAsync(cancellationToken)).ToList();
        var first = context.Database.GetMigrations().First();
        if (applied.Count == 0 || applied.Contains(first))
            return;
        var remedy = context.Database.IsSqlite()
            ? $"delete '{FileOf(context)}' and the files beside it that begin with this name, or name another file"
            : $"drop the schema \"{ServiceDbContext.SchemaOf(typeof(TContext))}\", or name another database";
        throw new InvalidSettingException(
            PersistenceRegistration.Key,
            $"must not name a database of an earlier version, whose data cannot be carried over, but its migrations begin with {applied[0]}, and those of this version with {first}. To go on, {remedy}.");
    }

    private static string FileOf(TContext context) => new SqliteConnectionStringBuilder(context.Database.GetConnectionString()).DataSource;

    [LoggerMessage(LogLevel.Information, "Created the database {Database}")]
    private partial void LogCreated(string database);

    [LoggerMessage(LogLevel.Information, "Applied {Count} migrations of {Context}, up to {Last}")]
    private partial void LogMigrated(int count, string context, string last);
}
