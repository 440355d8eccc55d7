using Microservices.Primitives;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace Microservices.Persistence;

/// <summary>
/// What a database answers to a starting process where waiting does not help: told as a setting that is wrong and what would be right, since the process
/// ends with that line. A process that already runs waits instead.
/// </summary>
internal static class DatabaseRefusal
{
    // SQLite's codes.
    private const int ReadOnly = 8;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    // A file that another process has locked: EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION.
    private static readonly int[] Locked = [11, 35, unchecked((int)0x80070020)];

    /// <summary>The setting that is wrong; null when it may pass.</summary>
    public static InvalidSettingException? Of(Exception exception, DatabaseFacade database) =>
        Rule(exception, database) is { } rule ? new(PersistenceRegistration.Key, rule, exception) : null;

    /// <summary>Where the server is: "127.0.0.1:5432".</summary>
    public static string ServerOf(string? connectionString)
    {
        var postgres = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{postgres.Host}:{postgres.Port}";
    }

    /// <summary>The database does not exist, and may not be created by this account.</summary>
    public static InvalidSettingException MayNotCreate(PostgresException exception, DatabaseFacade database)
    {
        var postgres = new NpgsqlConnectionStringBuilder(database.GetConnectionString());
        return new InvalidSettingException(
            PersistenceRegistration.Key,
            $"must name a database that exists, or a Username that may create it, but {postgres.Host}:{postgres.Port} has no database \"{postgres.Database}\" and says: {exception.MessageText}. "
                + $"To go on, have an account that may do so run: createdb -h {postgres.Host} -p {postgres.Port} -O \"{postgres.Username}\" \"{postgres.Database}\"",
            exception);
    }

    private static string? Rule(Exception exception, DatabaseFacade database)
    {
        // EF Core puts what the driver throws inside of its own. What is about a setting already says more than could be said here.
        for (var at = exception; at is not null and not InvalidSettingException; at = at.InnerException)
        {
            switch (at)
            {
                case PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused:
                    return $"must have a Username and a Password that {ServerOf(database.GetConnectionString())} accepts, but it says: {refused.MessageText}";
                case PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused:
                    var postgres = new NpgsqlConnectionStringBuilder(database.GetConnectionString());
                    return $"must have a Username that may create tables, but {postgres.Host}:{postgres.Port} says: {refused.MessageText}. "
                        + $"To go on, have the owner of the database run: GRANT CREATE ON DATABASE \"{postgres.Database}\" TO \"{postgres.Username}\"";
                case NpgsqlException:
                    return null;
                case SqliteException { SqliteErrorCode: NotADatabase or Corrupt }:
                    return $"must name a SQLite database, but '{FileOf(database)}' is not one: {at.Message}. To go on, name another file";
                case SqliteException { SqliteErrorCode: ReadOnly or IoError or Full or CannotOpen }:
                case UnauthorizedAccessException:
                case IOException when !Locked.Contains(at.HResult):
                    return $"must name a file that can be written, but '{FileOf(database)}' cannot: {at.Message}. To go on, let this account write to the directory, or name another file";
            }
        }

        return null;
    }

    private static string FileOf(DatabaseFacade database) => new SqliteConnectionStringBuilder(database.GetConnectionString()).DataSource;
}
