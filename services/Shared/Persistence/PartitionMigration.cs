using System.Globalization;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Microservices.Persistence;

/// <summary>Gives rows that are there already the partition of their key, within a migration.</summary>
public static class PartitionMigration
{
    /// <summary>Sets the column "Partition" of every row that has none to <see cref="Partition.Of"/> of a key of ASCII characters, in one statement.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="table">The table.</param>
    /// <param name="key">The column with the key.</param>
    /// <param name="count">How many partitions there are.</param>
    /// <param name="schema">The table's schema; null where there are none.</param>
    public static void FillPartitions(this MigrationBuilder migration, string table, string key, int count, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(migration);
        var name = schema is null ? $"\"{table}\"" : $"\"{schema}\".\"{table}\"";
        var column = $"\"{table}\".\"{key}\"";
        // SQLite has no exclusive or.
        var (code, xor) = migration.ActiveProvider == "Microsoft.EntityFrameworkCore.Sqlite"
            ? ("unicode", (Func<string, string, string>)((a, b) => $"(({a} | {b}) - ({a} & {b}))"))
            : ("ascii", (a, b) => $"({a} # {b})");
        var next = xor("v", $"{code}(substr({column}, i, 1))");
        migration.Sql(string.Create(CultureInfo.InvariantCulture, $"""
            UPDATE {name} SET "Partition" = (
                WITH RECURSIVE hash(i, v) AS (
                    SELECT 1, CAST(2166136261 AS bigint)
                    UNION ALL
                    SELECT i + 1, ({next} * 16777619) & 4294967295 FROM hash WHERE i <= length({column}))
                SELECT {xor("v", "(v >> 16)")} % {count} FROM hash ORDER BY i DESC LIMIT 1)
            WHERE "Partition" IS NULL
            """));
    }
}
