using System.Data.Common;
using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace Microservices.Persistence;

/// <summary>
/// The statements of the outbox that EF has no form for; they read the same on SQLite and PostgreSQL. Those that lock several counters
/// list them sorted: an INSERT takes its VALUES in order, so that two transactions never wait for each other.
/// </summary>
internal static class OutboxSql
{
    public static string Table<TEntity>(DbContext context)
    {
        var entity = context.Model.FindEntityType(typeof(TEntity))!;
        return context.GetService<ISqlGenerationHelper>().DelimitIdentifier(entity.GetTableName()!, entity.GetSchema());
    }

    /// <summary>
    /// The database's time as Unix milliseconds: the one clock that all replicas of a service share. Their own may be wrong by any amount, and
    /// what a process wrote by its own outlives it.
    /// </summary>
    public static string Now(DbContext context) => context.Database.IsSqlite()
        ? "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
        : "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)";

    /// <summary>A command in the context's transaction.</summary>
    public static DbCommand Command(DbContext context)
    {
        var command = context.Database.GetDbConnection().CreateCommand();
        command.Transaction = context.Database.CurrentTransaction?.GetDbTransaction();
        if (context.Database.GetCommandTimeout() is { } timeout)
            command.CommandTimeout = timeout;
        return command;
    }

    public static string Parameter(this DbCommand command, object value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"@p{command.Parameters.Count}");
        parameter.Value = value;
        command.Parameters.Add(parameter);
        return parameter.ParameterName;
    }

    /// <summary>The ends of so many topics, each with its number in the list of parameters.</summary>
    public static string SelectHeads(DbContext context, DbCommand command, int topics)
    {
        var asked = string.Join(", ", Enumerable.Range(0, topics).Select(i => string.Create(CultureInfo.InvariantCulture, $"({i}, {command.Parameter("")})")));
        return $"""
            WITH asked(number, topic) AS (VALUES {asked})
            SELECT asked.number, t."Epoch", t."LastOffset" FROM asked CROSS JOIN {Table<OutboxTopic>(context)} AS t WHERE t."Topic" = asked.topic
            """;
    }

    /// <summary>The beginning of an upsert of topics; each row has a topic, an epoch, last offset, relayed offset and time.</summary>
    public static StringBuilder UpsertTopics(DbContext context, DbCommand command, IEnumerable<(string Topic, string Epoch, long Last, long Relayed, long AtMs)> sorted)
    {
        var sql = new StringBuilder($"""INSERT INTO {Table<OutboxTopic>(context)} AS t ("Topic", "Epoch", "LastOffset", "RelayedOffset", "UpdatedAtMs") VALUES """);
        var first = true;
        foreach (var row in sorted)
        {
            sql.Append(first ? "" : ", ").Append(CultureInfo.InvariantCulture,
                $"({command.Parameter(row.Topic)}, {command.Parameter(row.Epoch)}, {command.Parameter(row.Last)}, {command.Parameter(row.Relayed)}, {command.Parameter(row.AtMs)})");
            first = false;
        }

        return sql.Append(""" ON CONFLICT ("Topic") DO UPDATE SET """);
    }
}
