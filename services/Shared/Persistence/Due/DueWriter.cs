using System.Text;
using Microservices.Primitives;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>How an attempt ended: without an error the work is done; with one it is due again after a while or, without that, quarantined.</summary>
internal sealed record DueEnd(DueWork Work, string? Error = null, TimeSpan? RetryIn = null);

/// <summary>Another process has the work by now, or it is gone: nothing of this attempt's result is kept.</summary>
internal sealed class DueLeaseLostException() : Exception("The lease of the work was lost before its result was committed.");

/// <summary>
/// Writes what a transaction has to say of due work, as the last thing before it commits. Transactions about one key take turns from here to their
/// commit, so that its work is numbered in the order of commits and one row of it, the first, is ready.
/// </summary>
internal static class DueWriter
{
    // As many as one transaction locks at most, whatever number of keys it has.
    private const int Locks = 256;
    private const int RowsPerStatement = 500;

    /// <summary>The order in which rows are locked, by whoever locks several and waits for them; in PostgreSQL's words.</summary>
    public const string LockOrder = "\"Kind\" COLLATE \"C\", \"Id\" COLLATE \"C\"";

    // Attempts that are not those that it was begun with tell that it was asked for again meanwhile.
    private static readonly string AskAgain = $"""
        UPDATE SET "Attempts" = 0, "DueAtMs" = CASE WHEN "DueWork"."DueAtMs" > excluded."DueAtMs" THEN excluded."DueAtMs" ELSE "DueWork"."DueAtMs" END,
        "State" = CASE WHEN "DueWork"."State" = {(int)DueState.Quarantined} THEN excluded."State" ELSE "DueWork"."State" END
        """;

    /// <exception cref="DueLeaseLostException">The work that it ends is not this process's any more.</exception>
    public static async Task WriteAsync(ServiceDbContext context, CancellationToken cancellationToken)
    {
        var ended = context.EndedDue;
        var keys = context.ChangedDueKeys.Union(context.NewDue.Select(w => (w.Kind, w.Key))).Append((ended?.Work.Kind ?? "", ended?.Work.Key ?? ""))
            .Distinct().Where(key => key.Item2.Length > 0).ToList();
        if (keys.Count > 0 && !context.Database.IsSqlite())
            await LockAsync(context, keys, cancellationToken);
        // First, since what is added may have the same id.
        if (ended is not null && await EndAsync(context, ended, cancellationToken) == 0)
            throw new DueLeaseLostException();
        foreach (var some in context.NewDue.Where(w => !w.AsksAgain).Chunk(RowsPerStatement))
            await InsertAsync(context, some, "NOTHING", cancellationToken);
        // Each once, the earliest, and in the order of locks: rows that are there are locked.
        foreach (var some in context.NewDue.Where(w => w.AsksAgain).OrderBy(w => w.Delay).DistinctBy(w => (w.Kind, w.Id)).OrderBy(w => w.Kind, StringComparer.Ordinal).ThenBy(w => w.Id, StringComparer.Ordinal).Chunk(RowsPerStatement))
            await InsertAsync(context, some, AskAgain, cancellationToken);
        foreach (var some in keys.Chunk(RowsPerStatement))
            await ReadyFirstAsync(context, some, cancellationToken);
    }

    // What PostgreSQL takes, in an order that is the same for all.
    private static async Task LockAsync(ServiceDbContext context, IEnumerable<(string Kind, string Key)> keys, CancellationToken cancellationToken)
    {
        await using var command = OutboxSql.Command(context);
        var locks = keys.Select(key => (int)(StableHash.Of($"{key.Kind}/{key.Key}") % Locks)).Distinct().Order().ToArray();
        command.CommandText = $"SELECT pg_advisory_xact_lock(hashtext({command.Parameter(OutboxSql.Table<DueWork>(context))}), n) FROM unnest({command.Parameter(locks)}) n";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<int> EndAsync(ServiceDbContext context, DueEnd ended, CancellationToken cancellationToken)
    {
        if (ended.Error is null && await DeleteAsync(context, ended.Work, cancellationToken) == 1)
            return 1;
        await using var command = OutboxSql.Command(context);
        var (table, now) = (OutboxSql.Table<DueWork>(context), OutboxSql.Now(context));
        var (state, retryAt) = ((int)(ended is { Error: not null, RetryIn: null } ? DueState.Quarantined : DueState.Ready), $"{now} + {command.Parameter((long)(ended.RetryIn?.TotalMilliseconds ?? 0))}");
        var last = context.Database.IsSqlite() ? $"""(SELECT MAX("Number") + 1 FROM {table})""" : $"nextval(pg_get_serial_sequence({command.Parameter(table)}, 'Number'))";
        // What was asked for again has had its turn: it comes behind all that is due by now, also in its key. Else what is asked for all the time would hold up the rest.
        command.CommandText = $"""
            UPDATE {table} SET "Owner" = '', "LeasedUntilMs" = 0, "Fence" = "Fence" + 1, "LastError" = {command.Parameter(Line(ended.Error ?? ""))},
            "State" = CASE WHEN "Attempts" = {command.Parameter(ended.Work.Attempts)} THEN {state} WHEN "Key" = '' THEN {(int)DueState.Ready} ELSE {(int)DueState.Behind} END,
            "DueAtMs" = CASE WHEN "Attempts" = {command.Parameter(ended.Work.Attempts)} THEN {retryAt} WHEN "DueAtMs" < {now} THEN {now} ELSE "DueAtMs" END,
            "Number" = CASE WHEN "Attempts" = {command.Parameter(ended.Work.Attempts)} OR "Key" = '' THEN "Number" ELSE {last} END
            WHERE "Number" = {command.Parameter(ended.Work.Number)} AND "Fence" = {command.Parameter(ended.Work.Fence)}
            """;
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Deletes what is done, unless it was asked for again since it was begun.</summary>
    private static async Task<int> DeleteAsync(ServiceDbContext context, DueWork work, CancellationToken cancellationToken)
    {
        await using var command = OutboxSql.Command(context);
        command.CommandText = $"""
            DELETE FROM {OutboxSql.Table<DueWork>(context)} WHERE "Number" = {command.Parameter(work.Number)} AND "Fence" = {command.Parameter(work.Fence)} AND "Attempts" = {command.Parameter(work.Attempts)}
            """;
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task InsertAsync(ServiceDbContext context, IReadOnlyList<NewDueWork> added, string where, CancellationToken cancellationToken)
    {
        await using var command = OutboxSql.Command(context);
        var (now, trace) = (OutboxSql.Now(context), TraceContext.Current);
        var rows = added.Select(work =>
        {
            var delay = (long)work.Delay.TotalMilliseconds;
            var due = work.At is { } at ? command.Parameter(at.ToUnixTimeMilliseconds() + delay) : $"{now} + {command.Parameter(delay)}";
            var state = (int)(work.Key.Length > 0 ? DueState.Behind : DueState.Ready);
            var traced = trace is null ? "NULL" : command.Parameter(trace);
            return $"({command.Parameter(work.Kind)}, {command.Parameter(work.Id)}, {command.Parameter(work.Key)}, {command.Parameter((int)work.Priority)}, {due}, {command.Parameter(work.Payload)}, {traced}, {state}, 0, '', 0, 0, '')";
        });
        command.CommandText = $"""
            INSERT INTO {OutboxSql.Table<DueWork>(context)} ("Kind", "Id", "Key", "Priority", "DueAtMs", "Payload", "TraceContext", "State", "Attempts", "Owner", "LeasedUntilMs", "Fence", "LastError")
            VALUES {string.Join(", ", rows)} ON CONFLICT ("Kind", "Id") DO {where}
            """;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Has the first row of each key ready, if none is. Its turn comes now, behind that of other keys, however long it has waited for it.</summary>
    private static async Task ReadyFirstAsync(ServiceDbContext context, IReadOnlyList<(string Kind, string Key)> keys, CancellationToken cancellationToken)
    {
        await using var command = OutboxSql.Command(context);
        var (table, now) = (OutboxSql.Table<DueWork>(context), OutboxSql.Now(context));
        var values = string.Join(", ", keys.Select(key => $"({command.Parameter(key.Kind)}, {command.Parameter(key.Key)})"));
        command.CommandText = $"""
            WITH k(kind, key) AS (VALUES {values})
            UPDATE {table} SET "State" = {(int)DueState.Ready}, "DueAtMs" = CASE WHEN "DueAtMs" < {now} THEN {now} ELSE "DueAtMs" END
            WHERE "Number" IN (
              SELECT (SELECT b."Number" FROM {table} b WHERE b."Kind" = k.kind AND b."Key" = k.key AND b."Key" <> '' AND b."State" = {(int)DueState.Behind} ORDER BY b."Number" LIMIT 1)
              FROM k WHERE NOT EXISTS (SELECT 1 FROM {table} r WHERE r."Kind" = k.kind AND r."Key" = k.key AND r."Key" <> '' AND r."State" = {(int)DueState.Ready}))
            """;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // What PostgreSQL takes as text: whole characters, and none that is zero.
    private static string Line(string error) => error.ReplaceLineEndings(" ").EnumerateRunes().Where(rune => rune.Value != 0).Take(DueWork.MaxErrorLength)
        .Aggregate(new StringBuilder(), (line, rune) => line.Append(rune)).ToString();
}
