using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Microservices.Persistence;

/// <summary>
/// How a service reads and writes its database. Thread-safe. A write is one transaction; when it collides with a concurrent one (a
/// unique key taken meanwhile, a row changed meanwhile, a deadlock) it is run again from the start and then sees what the
/// other did: so a change is written as "look, then write", with no thought for races. On SQLite, which has one writer at a
/// time, writers of this process queue here rather than poll for the lock there. Events and due work that a change adds are committed with it, and
/// this process's relay and workers are then woken. A database that is away makes each throw <see cref="DatabaseAwayException"/>, and one line in the log when that
/// begins and when it ends (<see cref="DatabaseOutage{TContext}"/>).
/// </summary>
public sealed class Database<TContext> : IDisposable
    where TContext : ServiceDbContext
{
    private const int MaxAttempts = 5;
    private const string ProbeCommand = "probe";
    private const int ProbeBytes = 32 * 1024;
    private readonly SemaphoreSlim sqliteWriter;
    private readonly bool isRehearsal;
    private readonly IDbContextFactory<TContext> contexts;
    private readonly OutboxSignal<TContext> outbox;
    private readonly IReadOnlyDictionary<string, DueKind> due;
    private readonly DatabaseOutage<TContext> outage;
    private readonly TimeProvider time;

    internal Database(
        IDbContextFactory<TContext> contexts, OutboxSignal<TContext> outbox, IEnumerable<DueKind> due, DatabaseOutage<TContext> outage, PersistenceOptions options, TimeProvider time) =>
        (sqliteWriter, this.contexts, this.outbox, this.due, this.outage, IdempotencyRetention, this.time) =
            (new(1), contexts, outbox, due.ToDictionary(kind => kind.Name), outage, options.IdempotencyRetention, time);

    private Database(Database<TContext> real) =>
        (sqliteWriter, contexts, outbox, due, outage, IdempotencyRetention, time, isRehearsal) =
            (real.sqliteWriter, real.contexts, real.outbox, real.due, real.outage, real.IdempotencyRetention, real.time, true);

    /// <summary>How long an idempotency key means something.</summary>
    public TimeSpan IdempotencyRetention { get; }

    /// <summary>Runs a query. Nothing is tracked and nothing is written.</summary>
    public async Task<T> ReadAsync<T>(Func<TContext, Task<T>> query, CancellationToken cancellationToken)
    {
        try
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            context.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
            return await query(context);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && outage.Observe(exception, writing: false) is { } away)
        {
            throw away;
        }
    }

    /// <summary>
    /// Runs a change in a transaction, saves what it has added and altered, and commits. An exception rolls back. The change may run
    /// up to five times, each time with a context of its own; it must have no other effect than on that.
    /// </summary>
    public async Task<T> WriteAsync<T>(Func<TContext, Task<T>> change, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await AttemptAsync(change, cancellationToken);
            }
            catch (Exception exception) when (attempt < MaxAttempts && IsCollision(exception))
            {
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested && outage.Observe(exception, writing: true) is { } away)
            {
                throw away;
            }
        }
    }

    /// <summary>The same database, but where it would commit it takes everything back: no other connection ever sees what is written. Not to be disposed of.</summary>
    internal Database<TContext> ForRehearsal() => new(this);

    /// <summary>
    /// Writes something of the size that commands may have and takes it out again, all in one transaction. The caller decides
    /// what a failure means: it does not count as one here.
    /// </summary>
    internal Task ProbeAsync(CancellationToken cancellationToken) =>
        AttemptAsync(async context =>
        {
            var key = Guid.NewGuid().ToString("n");
            // Random, since PostgreSQL compresses what it can.
            context.IdempotencyRecords.Add(new IdempotencyRecord
            {
                Command = ProbeCommand,
                Caller = ProbeCommand,
                Key = key,
                RequestHash = [],
                Response = RandomNumberGenerator.GetBytes(ProbeBytes),
                CreatedAt = time.GetUtcNow(),
            });
            await context.SaveChangesAsync(cancellationToken);
            return await context.IdempotencyRecords.Where(r => r.Command == ProbeCommand && r.Key == key).ExecuteDeleteAsync(cancellationToken);
        }, cancellationToken);

    /// <summary>
    /// Runs one statement on the caller's thread, with no need of the thread pool. On SQLite it waits for its turn among the writers of this process for
    /// so long at the most, since who has it may need that pool to go on, and then for the lock.
    /// </summary>
    internal T ExecuteBlocking<T>(Func<TContext, T> statement, TimeSpan turn)
    {
        using var context = contexts.CreateDbContext();
        var queued = context.Database.IsSqlite() && sqliteWriter.Wait(turn);
        try
        {
            context.Database.OpenConnection();
            return statement(context);
        }
        catch (Exception exception) when (outage.Observe(exception, writing: true) is { } away)
        {
            throw away;
        }
        finally
        {
            if (queued)
                sqliteWriter.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => sqliteWriter.Dispose();

    private async Task<T> AttemptAsync<T>(Func<TContext, Task<T>> change, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var sqlite = context.Database.IsSqlite();
        // An attempt is undone as a whole: a savepoint for each save would only cost its round trips.
        context.Database.AutoSavepointsEnabled = false;
        if (sqlite)
            await sqliteWriter.WaitAsync(cancellationToken);
        try
        {
            await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
            var result = await change(context);
            await context.SaveChangesAsync(cancellationToken);
            IReadOnlyList<DueKind> kinds = [.. context.NewDue.Select(work => work.Kind).Distinct().Select(KindOf)];
            if (context.ChangesDue)
                await DueWriter.WriteAsync(context, cancellationToken);
            var events = context.NewEvents.Count > 0;
            if (events)
                await OutboxWriter.WriteAsync(context, time, cancellationToken);
            if (isRehearsal)
            {
                await transaction.RollbackAsync(CancellationToken.None);
                return result;
            }

            // Past this point the caller cannot cancel it: a commit that was cancelled half-way would be neither done nor undone.
            await transaction.CommitAsync(CancellationToken.None);
            if (events)
                outbox.Set();
            foreach (var kind in kinds)
                kind.Signal.Set();
            foreach (var action in context.OnceCommitted)
                action();
            return result;
        }
        finally
        {
            // The context goes back to a pool.
            context.NewEvents.Clear();
            context.NewDue.Clear();
            context.ChangedDueKeys.Clear();
            context.OnceCommitted.Clear();
            context.EndedDue = null;
            if (sqlite)
                sqliteWriter.Release();
        }
    }

    // Nobody would ever do it.
    private DueKind KindOf(string kind) =>
        due.GetValueOrDefault(kind) ?? throw new InvalidOperationException($"Due work of kind '{kind}' has no handler here: AddDueWork names it.");

    private static bool IsCollision(Exception exception) => exception switch
    {
        DbUpdateConcurrencyException => true,
        DbUpdateException { InnerException: { } inner } => IsCollision(inner),
        PostgresException postgres => postgres.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected,
        // SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE.
        SqliteException sqlite => sqlite.SqliteExtendedErrorCode is 1555 or 2067,
        _ => false,
    };
}
