using System.Net.Sockets;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Microservices.Tests.Unit.Persistence;

public sealed class DatabaseAwayTests
{
    public static TheoryData<Exception> Away =>
    [
        new SqliteException("busy", 5), new SqliteException("locked", 6), new SqliteException("read-only", 8), new SqliteException("I/O", 10),
        new SqliteException("I/O, of a write", 10, 778), new SqliteException("full", 13), new SqliteException("cannot open", 14),
        Postgres("53100"), Postgres("53200"), Postgres("53300"), Postgres("57P01"), Postgres("57P02"), Postgres("57P03"), Postgres("58030"), Postgres("08006"), Postgres("25006"),
        new NpgsqlException("Failed to connect", new SocketException((int)SocketError.ConnectionRefused)),
    ];

    public static TheoryData<Exception> Ours => [new SqliteException("syntax", 1), new SqliteException("constraint", 19), Postgres("42601"), Postgres("23505"), new InvalidOperationException("No.")];

    [Theory]
    [MemberData(nameof(Away))]
    public void A_database_that_is_away_or_takes_no_writes_is_unavailable(Exception thrown)
    {
        foreach (var exception in new[] { thrown, new DbUpdateException("An error occurred while saving.", thrown) })
        {
            var cause = DatabaseAwayException.CauseOf(exception);
            Assert.NotNull(cause);
            var away = new DatabaseAwayException(cause, exception);
            Assert.Equal(StatusCode.Unavailable, (StatusCode)new ErrorMapper(NullLogger<ErrorMapper>.Instance).ToStatus(away, "test").Code);
            // It was taken note of.
            Assert.Null(DatabaseAwayException.CauseOf(away));
        }
    }

    [Theory]
    [MemberData(nameof(Ours))]
    public void Any_other_failure_is_none_of_that(Exception thrown) => Assert.Null(DatabaseAwayException.CauseOf(thrown));

    private static PostgresException Postgres(string state) => new("No.", "FATAL", "FATAL", state);
}
