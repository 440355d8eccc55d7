using Microservices.Tests.Support;
using Npgsql;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>A PostgreSQL that cannot be used ends the start with one line that names the option and the mend.</summary>
public sealed class PostgresTests
{
    [FactNeeding(Need.PostgreSql)]
    public async Task A_PostgreSQL_that_does_not_let_the_services_create_tables_ends_the_suite_with_one_line_that_names_the_option()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var suite = Suite.Launch(["--postgres", await AsClerkAsync(await postgres.CreateDatabaseAsync())]);

        Assert.Equal(2, await suite.UntilExitAsync());
        Assert.Matches("(?m)^[a-z]+ cannot start: .*--postgres.* may create tables.*\n$", suite.Output);
        // Aspire's own processes stay for a moment after the last service.
        await Eventually.UntilAsync(() => suite.Running().Count == 0, "no process is left behind", Suite.StopPromise);
    }

    [FactNeeding(Need.PostgreSql)]
    public async Task A_PostgreSQL_that_does_not_let_the_account_in_or_lacks_the_database_is_named_before_anything_starts()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var existing = await postgres.CreateDatabaseAsync();
        await using var stranger = Suite.Launch(["--postgres", new NpgsqlConnectionStringBuilder(existing) { Username = "nobody" }.ToString()]);

        Assert.Equal(1, await stranger.UntilExitAsync());
        Assert.Matches("^--postgres must have a Username and a Password that 127.0.0.1:[0-9]+ accepts, but it says: .*nobody.*\n$", stranger.Output);

        await using var clerk = Suite.Launch(["--postgres", new NpgsqlConnectionStringBuilder(await AsClerkAsync(existing)) { Database = "shop" }.ToString()]);

        Assert.Equal(1, await clerk.UntilExitAsync());
        Assert.Matches("^--postgres 127.0.0.1:[0-9]+ has no database \"shop\", and \"clerk\" may not create it. Have .* run: createdb -h 127.0.0.1 -p [0-9]+ -O \"clerk\" \"shop\"\n$", clerk.Output);
    }

    // An account that may log in, and nothing else.
    private static async Task<string> AsClerkAsync(string database)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("CREATE ROLE clerk LOGIN", connection);
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(database) { Username = "clerk" }.ToString();
    }
}
