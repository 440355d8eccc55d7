using Microservices.Persistence;
using Microservices.Tests.Support;
using Microservices.Users;
using Microservices.Users.V1;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using UsersClient = Microservices.Users.V1.UsersService.UsersServiceClient;

namespace Microservices.Tests.Integration.Persistence;

public sealed class MigrationTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("suite-").FullName;

    private Dictionary<string, string> Settings(params (string Key, string Value)[] more) =>
        new(more.Select(setting => KeyValuePair.Create(setting.Key, setting.Value)))
        {
            ["ConnectionStrings:Database"] = $"Data Source={directory}/users.db",
        };

    [Fact]
    public async Task Replicas_that_start_at_once_on_an_empty_database_all_come_up()
    {
        var hosts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => new ServiceHost<UsersDbContext>(Settings()))));

        foreach (var host in hosts)
        {
            Assert.NotNull(await new UsersClient(host.Channel).ListUsersAsync(new ListUsersRequest()));
            await host.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_migration_that_was_killed_half_way_does_not_hold_up_the_next_start()
    {
        await using (var host = new ServiceHost<UsersDbContext>(Settings()))
        {
        }

        // What a process that dies inside EF's migration leaves behind.
        await using (var connection = new SqliteConnection(Settings()["ConnectionStrings:Database"]))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE IF NOT EXISTS "__EFMigrationsLock" ("Id" INTEGER NOT NULL PRIMARY KEY, "Timestamp" TEXT NOT NULL);
                INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-01-01');
                DELETE FROM "__EFMigrationsHistory"; DROP TABLE "Users";
                DELETE FROM "__SharedMigrationsHistory"; DROP TABLE "IdempotencyRecords";
                DROP TABLE "OutboxEvents"; DROP TABLE "OutboxTopics"; DROP TABLE "OutboxLeases"; DROP TABLE "OutboxQuarantine";
                DROP TABLE "PartitionPositions"; DROP TABLE "PartitionLeases"; DROP TABLE "ConsumerReplicas"; DROP TABLE "DueWork";
                """;
            await command.ExecuteNonQueryAsync();
        }

        await using var again = new ServiceHost<UsersDbContext>(Settings());
        Assert.Empty((await new UsersClient(again.Channel).ListUsersAsync(new ListUsersRequest())).Users);
    }

    [Fact]
    public void A_replica_that_does_not_migrate_gives_up_when_nobody_else_does()
    {
        var settings = Settings(("Persistence:MigrateOnStart", "false"), ("Persistence:MigrationTimeout", "00:00:01"));

        var exception = Record.Exception(() => new ServiceHost<UsersDbContext>(settings));

        Assert.Contains("Persistence:MigrationTimeout", $"{exception}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_job_brings_the_database_up_to_date_and_ends()
    {
        var (code, output, error) = await RunJobAsync("");

        Assert.True(code == 0, output + error);
        Assert.Contains("up to date", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Now listening", output, StringComparison.Ordinal);
        await using var host = new ServiceHost<UsersDbContext>(Settings(("Persistence:MigrateOnStart", "false")));
        Assert.Empty((await new UsersClient(host.Channel).ListUsersAsync(new ListUsersRequest())).Users);
    }

    [Fact]
    public async Task A_migration_job_that_does_not_reach_its_database_fails()
    {
        var (code, _, error) = await RunJobAsync("--ConnectionStrings:Database='Host=127.0.0.1;Port=1;Database=none' --Persistence:UnavailableAfter=00:00:01");

        Assert.Equal(1, code);
        Assert.StartsWith("Cannot start. ConnectionStrings:Database must name a PostgreSQL that is up, but 127.0.0.1:1 was not reached within 00:00:01", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [FactNeeding(Need.PostgreSql)]
    public async Task A_migration_job_whose_database_cannot_be_migrated_in_time_fails()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using var other = new NpgsqlConnection(database);
        await other.OpenAsync();
        await using var held = new NpgsqlCommand("SELECT pg_advisory_lock(hashtext('UsersDbContext'))", other);
        await held.ExecuteNonQueryAsync();

        var (code, _, error) = await RunJobAsync($"--ConnectionStrings:Database='{database}' --Persistence:MigrationTimeout=00:00:01");

        Assert.Equal(1, code);
        Assert.Contains("Persistence:MigrationTimeout", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [FactNeeding(Need.PostgreSql)]
    public async Task A_process_waits_for_a_PostgreSQL_that_comes_up_after_it_and_creates_its_database_there()
    {
        await using var postgres = await PostgresServer.StartAsync();
        using var redis = new EmbeddedGarnet();
        var missing = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync()) { Database = "shop" };
        await postgres.StopAsync();
        await using var users = new ReplicaProcess("services/Users", new Dictionary<string, string>
        {
            ["ConnectionStrings__Database"] = missing.ToString(),
            ["ConnectionStrings__Redis"] = redis.ConnectionString,
            ["Persistence__UnavailableAfter"] = "00:10:00",
        });
        await Eventually.UntilAsync(() => users.Output.Contains("Waiting for the database", StringComparison.Ordinal), "it waits");

        await postgres.StartAgainAsync();
        await users.UntilReadyAsync();

        Assert.Contains("Created the database shop", users.Output, StringComparison.Ordinal);
    }

    /// <summary>The database's refusal comes at the very moment at which the time is up.</summary>
    [Fact]
    public async Task A_migration_that_is_refused_as_its_time_is_up_is_late_and_not_a_crash()
    {
        var time = new FakeTimeProvider();
        var contexts = new RefusingContexts(() => time.Advance(TimeSpan.FromMinutes(3)));
        var migrator = new Migrator<UsersDbContext>(
            new DatabaseSchema<UsersDbContext>(contexts, contexts, NullLogger<DatabaseSchema<UsersDbContext>>.Instance),
            Options.Create(new PersistenceOptions()), time, NullLogger<Migrator<UsersDbContext>>.Instance);

        var late = await Assert.ThrowsAsync<TimeoutException>(() => migrator.StartingAsync(default));

        Assert.Contains("Persistence:MigrationTimeout", late.Message, StringComparison.Ordinal);
        Assert.IsType<NpgsqlException>(late.InnerException);
    }

    private sealed class RefusingContexts(Action refused) : IDbContextFactory<UsersDbContext>, IDbContextFactory<SharedDbContext>
    {
        public UsersDbContext CreateDbContext() => Refuse<UsersDbContext>();

        SharedDbContext IDbContextFactory<SharedDbContext>.CreateDbContext() => Refuse<SharedDbContext>();

        private T Refuse<T>()
        {
            refused();
            throw new NpgsqlException("refused");
        }
    }

    private Task<(int ExitCode, string Output, string Error)> RunJobAsync(string arguments)
    {
        var assembly = Path.Combine(Needs.Root, "services", "Users", "bin", Needs.Configuration, "net10.0", "Users.dll");
        return Shell.RunAsync($"cd '{Path.GetDirectoryName(assembly)}' && dotnet Users.dll --Persistence:MigrateAndExit=true --ConnectionStrings:Database='{Settings()["ConnectionStrings:Database"]}' {arguments}");
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }
}
