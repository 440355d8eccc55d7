using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>
/// Due work as the database has it. Thread-safe. Leases are judged by the database's clock, and one further ahead than a lease lasts does not count:
/// whatever clock wrote it, it keeps no work from being done for longer than that.
/// </summary>
public sealed class DueStore<TContext>
    where TContext : ServiceDbContext
{
    // Counts cost something: beyond this a number says no more.
    private const int MaxCounted = 10_000;
    private const int HeadStartMs = 60_000;
    private readonly Database<TContext> database;
    private readonly long leaseMs;

    internal DueStore(Database<TContext> database, IOptions<DueOptions> options) => (this.database, leaseMs) = (database, (long)options.Value.LeaseDuration.TotalMilliseconds);

    /// <summary>Work of a kind whose attempts are used up, oldest first, with its last error.</summary>
    public Task<List<DueWork>> ReadQuarantinedAsync(string kind, int count, CancellationToken cancellationToken) =>
        database.ReadAsync(context => Quarantined(context, kind).Take(count).ToListAsync(cancellationToken), cancellationToken);

    /// <summary>What an operator does once the cause is mended: quarantined work of a kind, the oldest of it, is due now with all its attempts; it comes next in its key.</summary>
    /// <returns>How much there was.</returns>
    public Task<int> RetryQuarantinedAsync(string kind, int count, CancellationToken cancellationToken) =>
        database.WriteAsync(async context =>
        {
            var now = await context.ReadClockAsync(cancellationToken);
            var found = await Quarantined(context, kind).Take(count).Select(w => new { w.Number, w.Key }).ToListAsync(cancellationToken);
            var numbers = found.ConvertAll(w => w.Number);
            context.ChangedDueKeys.UnionWith(found.Select(w => (kind, w.Key)));
            return await context.DueWork.Where(w => numbers.Contains(w.Number) && w.State == DueState.Quarantined).ExecuteUpdateAsync(
                s => s.SetProperty(w => w.State, w => w.Key == "" ? DueState.Ready : DueState.Behind).SetProperty(w => w.Attempts, 0).SetProperty(w => w.DueAtMs, now), cancellationToken);
        }, cancellationToken);

    /// <summary>Takes work that is due, so much at the most, for a lease.</summary>
    internal async Task<IReadOnlyList<DueWork>> TakeAsync(string kind, string owner, int count, CancellationToken cancellationToken)
    {
        // Looked at first: where nothing is due nothing is written.
        if ((await CountAsync(kind, counts: false, cancellationToken)).FirstDue == 0)
            return [];
        return await database.WriteAsync(async context =>
        {
            await using var command = OutboxSql.Command(context);
            command.CommandText = $"""
                WITH c AS MATERIALIZED ({Due(context, command, kind, count, locked: true)})
                UPDATE {OutboxSql.Table<DueWork>(context)} SET "Owner" = {command.Parameter(owner)}, "LeasedUntilMs" = {OutboxSql.Now(context)} + {leaseMs}, "Fence" = "Fence" + 1, "Attempts" = "Attempts" + 1
                WHERE "Number" IN (SELECT "Number" FROM c)
                RETURNING "Number", "Kind", "Id", "Key", "Priority", "DueAtMs", "Payload", "TraceContext", "Attempts", "LeasedUntilMs", "Fence", "LastError"
                """;
            var taken = new List<DueWork>();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                taken.Add(Read(reader, owner));
            return taken;
        }, cancellationToken);
    }

    /// <summary>Gives work back, which another process then begins at once; the attempt does not count.</summary>
    internal Task GiveBackAsync(DueWork work, CancellationToken cancellationToken) =>
        database.WriteAsync(context => context.DueWork.Where(w => w.Number == work.Number && w.Fence == work.Fence).ExecuteUpdateAsync(
            s => s.SetProperty(w => w.Owner, "").SetProperty(w => w.LeasedUntilMs, 0L).SetProperty(w => w.Fence, w => w.Fence + 1).SetProperty(w => w.Attempts, w => w.Attempts == work.Attempts ? w.Attempts - 1 : w.Attempts),
            cancellationToken), cancellationToken);

    /// <summary>Renews the leases of an owner, on the caller's thread, and says which it still has.</summary>
    internal HashSet<(long Number, long Fence)> Renew(string owner, IEnumerable<long> numbers) => database.ExecuteBlocking(context =>
    {
        using var command = OutboxSql.Command(context);
        var table = OutboxSql.Table<DueWork>(context);
        // In the order in which transactions that ask again lock them: else each would wait for the other until PostgreSQL ends one, and leases do not wait so long.
        var inOrder = context.Database.IsSqlite() ? "" : $"""ORDER BY {DueWriter.LockOrder} FOR UPDATE""";
        command.CommandText = $"""
            WITH c AS MATERIALIZED (SELECT "Number" FROM {table} WHERE "Number" IN ({string.Join(", ", numbers.Select(number => command.Parameter(number)))}) AND "Owner" = {command.Parameter(owner)} {inOrder})
            UPDATE {table} SET "LeasedUntilMs" = {OutboxSql.Now(context)} + {leaseMs}
            WHERE "Number" IN (SELECT "Number" FROM c)
            RETURNING "Number", "Fence"
            """;
        var kept = new HashSet<(long, long)>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
            kept.Add((reader.GetInt64(0), reader.GetInt64(1)));
        return kept;
    }, TimeSpan.FromMilliseconds(leaseMs / 6.0));

    /// <summary>What there is of a kind; with or without how many.</summary>
    internal Task<DueCounts> CountAsync(string kind, bool counts, CancellationToken cancellationToken) =>
        database.ReadAsync(async context =>
        {
            await context.Database.OpenConnectionAsync(cancellationToken);
            await using var command = OutboxSql.Command(context);
            var numbers = counts ? $"{Count($"\"State\" IN (0, 1) AND {Free(context)}")}, {Count($"\"State\" = 0 AND \"Priority\" IN (0, 1, 2) AND \"DueAtMs\" <= (SELECT {OutboxSql.Now(context)}) AND {Free(context)}")}, {Count("\"State\" = 2")}" : "0, 0, 0";
            command.CommandText = $"""
                SELECT {numbers}, c."Number", {OutboxSql.Now(context)} - c."DueAtMs" FROM (SELECT 1) one LEFT JOIN ({Due(context, command, kind, 1, locked: false)}) c ON 1 = 1
                """;
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            var none = await reader.IsDBNullAsync(3, cancellationToken);
            return new DueCounts(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), none ? 0 : reader.GetInt64(3), none ? TimeSpan.Zero : TimeSpan.FromMilliseconds(reader.GetInt64(4)));

            string Count(string which) =>
                $"(SELECT COUNT(*) FROM (SELECT 1 FROM {OutboxSql.Table<DueWork>(context)} WHERE \"Kind\" = {command.Parameter(kind)} AND {which} LIMIT {MaxCounted}) n)";
        }, cancellationToken);

    private static IQueryable<DueWork> Quarantined(TContext context, string kind) =>
        context.DueWork.AsNoTracking().Where(w => w.Kind == kind && w.State == DueState.Quarantined).OrderBy(w => w.DueAtMs).ThenBy(w => w.Number);

    /// <summary>Rows that are due and free, in the order in which they are to be begun. Each priority by itself, so that the index serves it whatever lies in the future.</summary>
    private string Due(TContext context, DbCommand command, string kind, int count, bool locked)
    {
        var (k, n, now) = (command.Parameter(kind), command.Parameter(count), OutboxSql.Now(context));
        var lockRows = locked && !context.Database.IsSqlite() ? "FOR UPDATE SKIP LOCKED" : "";
        var priorities = string.Join(" UNION ALL ", Enum.GetValues<DuePriority>().Select(p => $"""
            SELECT * FROM (
              SELECT "Number", "DueAtMs", "DueAtMs" - {(int)p * HeadStartMs} AS turn FROM {OutboxSql.Table<DueWork>(context)}
              WHERE "Kind" = {k} AND "State" = 0 AND "Priority" = {(int)p} AND "DueAtMs" <= (SELECT {now}) AND {Free(context)}
              ORDER BY "DueAtMs", "Number" LIMIT {n} {lockRows}) p{(int)p}
            """));
        return $"""SELECT "Number", "DueAtMs" FROM ({priorities}) d ORDER BY turn, "Number" LIMIT {n}""";
    }

    // The clock is read again once a row is locked: a lease that was renewed meanwhile is not one that is too far ahead.
    private string Free(TContext context) => $"""("LeasedUntilMs" <= {OutboxSql.Now(context)} OR "LeasedUntilMs" > {OutboxSql.Now(context)} + {leaseMs})""";

    private static DueWork Read(DbDataReader row, string owner) => new()
    {
        Number = row.GetInt64(0),
        Kind = row.GetString(1),
        Id = row.GetString(2),
        Key = row.GetString(3),
        Priority = (DuePriority)row.GetInt32(4),
        DueAtMs = row.GetInt64(5),
        Payload = row.GetFieldValue<byte[]>(6),
        TraceContext = row.IsDBNull(7) ? null : row.GetFieldValue<byte[]>(7),
        State = DueState.Ready,
        Attempts = row.GetInt32(8),
        Owner = owner,
        LeasedUntilMs = row.GetInt64(9),
        Fence = row.GetInt64(10),
        LastError = row.GetString(11),
    };
}
