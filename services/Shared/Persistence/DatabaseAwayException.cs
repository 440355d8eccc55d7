using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microservices.Persistence;

/// <summary>
/// The database cannot be reached, is busy, or cannot write (a full disk, a volume or a standby that is read-only): nothing that the caller did,
/// and trying again later helps. Thrown by <see cref="Database{TContext}"/> and <see cref="OutboxHeads{TContext}"/> in place of what the driver
/// throws, which is inside. The process has logged the outage by then, once for all who meet it: whoever catches this need not log it again.
/// </summary>
public sealed class DatabaseAwayException : DbException
{
    private const int MaxCause = 300;

    // SQLite's codes for what passes, or is mended outside of the service.
    private const int SqliteBusy = 5;
    private const int SqliteLocked = 6;
    private const int SqliteReadOnly = 8;
    private const int SqliteIoError = 10;
    private const int SqliteFull = 13;
    private const int SqliteCannotOpen = 14;

    internal DatabaseAwayException(string cause, Exception inner)
        : base(cause, inner)
    {
    }

    /// <inheritdoc/>
    public override bool IsTransient => true;

    /// <summary>
    /// The level at which code that catches an exception and goes on should log it: debug for an outage of the database, which the process has
    /// logged by then; for anything else the level given.
    /// </summary>
    public static LogLevel LevelOf(Exception? exception, LogLevel otherwise) => exception is DatabaseAwayException ? LogLevel.Debug : otherwise;

    /// <summary>The cause, in one line; null when this is no outage, or when it is this exception already.</summary>
    internal static string? CauseOf(Exception exception)
    {
        // EF Core puts what the driver throws inside of its own.
        for (var at = exception; at is not null and not DatabaseAwayException; at = at.InnerException)
        {
            switch (at)
            {
                case PostgresException postgres when postgres.IsTransient || IsAway(postgres.SqlState):
                    return Line($"PostgreSQL {postgres.SqlState}: {postgres.MessageText}");
                case PostgresException:
                    return null;
                case NpgsqlException { IsTransient: true } npgsql:
                    return Line(npgsql.InnerException is { } inner ? $"{npgsql.Message}: {inner.Message}" : npgsql.Message);
                case SqliteException { SqliteErrorCode: SqliteBusy or SqliteLocked or SqliteReadOnly or SqliteIoError or SqliteFull or SqliteCannotOpen }:
                    return Line(at.Message);
            }
        }

        return null;
    }

    // Connections, resources, the server's end and its system's errors, by class; and a standby where a primary was.
    private static bool IsAway(string state) =>
        state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal)
        || state.StartsWith("58", StringComparison.Ordinal) || state == PostgresErrorCodes.ReadOnlySqlTransaction;

    private static string Line(string cause)
    {
        cause = cause.ReplaceLineEndings(" ");
        return cause.Length <= MaxCause ? cause : cause[..MaxCause];
    }
}
