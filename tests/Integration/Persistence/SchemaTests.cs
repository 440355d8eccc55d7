using System.Data.Common;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>What a database has after the migrations, and which databases are refused.</summary>
public abstract class SchemaTests : IDisposable
{
    private const string Earlier = "20261122161046_Initial";

    private protected string Folder { get; } = Directory.CreateTempSubdirectory("schema-").FullName;

    /// <summary>Names of tables in SQL as a service has them.</summary>
    protected abstract string Qualifier { get; }

    /// <summary>What to do about a database of an earlier version.</summary>
    protected abstract string Remedy { get; }

    /// <summary>One line for each column and each index.</summary>
    protected abstract string DescribeSql { get; }

    protected abstract Task<string> NewDatabaseAsync();

    protected abstract DbConnection Connection(string database);

    private protected abstract SharedDbContext SharedTablesOf(string database);

    /// <summary>They are written by hand.</summary>
    [SkippableFact]
    public async Task The_migrations_of_the_shared_tables_make_what_their_model_says()
    {
        var (migrated, modelled) = (await NewDatabaseAsync(), await NewDatabaseAsync());
        await using (var context = SharedTablesOf(migrated))
            await context.Database.MigrateAsync();
        await using (var context = SharedTablesOf(modelled))
        {
            if (!context.Database.IsNpgsql())
                await context.GetService<IRelationalDatabaseCreator>().CreateAsync();
            await context.GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
        }

        var expected = await ReadAsync(modelled, DescribeSql);
        Assert.True(expected.Count > 36, $"{expected.Count} lines");
        Assert.Equal(expected, await ReadAsync(migrated, DescribeSql));
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("--Persistence:MigrateOnStart=false")]
    [InlineData("--Persistence:MigrateAndExit=true")]
    public async Task A_database_of_an_earlier_version_is_refused_in_one_line_and_left_as_it_was(string arguments)
    {
        var database = await NewDatabaseAsync();
        await ExecuteAsync(database, (Qualifier.Length > 0 ? "CREATE SCHEMA users;" : "") + $"""
            CREATE TABLE {Qualifier}"__EFMigrationsHistory" ("MigrationId" varchar(150) NOT NULL PRIMARY KEY, "ProductVersion" varchar(32) NOT NULL);
            INSERT INTO {Qualifier}"__EFMigrationsHistory" VALUES ('{Earlier}', '10.0.15'), ('20261122184924_Outbox', '10.0.15');
            CREATE TABLE {Qualifier}"Users" ("UserId" text NOT NULL PRIMARY KEY);
            CREATE TABLE {Qualifier}"IdempotencyRecords" ("Key" text NOT NULL PRIMARY KEY);
            """);
        var before = await ReadAsync(database, DescribeSql);

        var (code, output, error) = await RunAsync(database, arguments);

        var line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(1, code);
        Assert.Contains("ConnectionStrings:Database", line, StringComparison.Ordinal);
        Assert.Contains(Earlier, line, StringComparison.Ordinal);
        Assert.Contains(Remedy, line, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
        Assert.Equal(before, await ReadAsync(database, DescribeSql));
    }

    [SkippableFact]
    public async Task A_database_of_a_later_version_is_served()
    {
        var database = await NewDatabaseAsync();
        Assert.Equal(0, (await RunAsync(database, "--Persistence:MigrateAndExit=true")).ExitCode);
        await ExecuteAsync(database, $"""
            INSERT INTO {Qualifier}"__EFMigrationsHistory" VALUES ('29990101000000_Later', '99.0.0');
            INSERT INTO {Qualifier}"__SharedMigrationsHistory" VALUES ('29990101000000_Later', '99.0.0');
            """);

        var (code, output, error) = await RunAsync(database, "--Persistence:MigrateAndExit=true");

        Assert.True(code == 0, output + error);
    }

    /// <summary>No step of it makes EF Core warn of what may go wrong.</summary>
    [SkippableFact]
    public async Task The_first_start_logs_no_warning()
    {
        var (code, output, error) = await RunAsync(await NewDatabaseAsync(), "--Persistence:MigrateAndExit=true");

        Assert.True(code == 0, output + error);
        Assert.Contains("CreateDueWork", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\"Warning\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\"Error\"", output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(string database, string arguments) => Shell.RunAsync(
        $"cd '{Path.GetDirectoryName(ReplicaProcess.AssemblyOf("services/Users"))}' && ASPNETCORE_ENVIRONMENT=Production dotnet Users.dll --Auth:Authority=https://id.example.com --ConnectionStrings:Database='{database}' "
        + $"--ConnectionStrings:Redis=127.0.0.1:1 --Kestrel:Endpoints:Grpc:Url=http://127.0.0.1:0 --Kestrel:Endpoints:Management:Url=http://127.0.0.1:0 {arguments}");

    private async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = Connection(database);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private async Task<List<string>> ReadAsync(string database, string sql)
    {
        await using var connection = Connection(database);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        var lines = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(0));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }
}

public sealed class SchemaOnSqliteTests : SchemaTests
{
    protected override string Qualifier => "";

    protected override string Remedy => "delete '";

    protected override string DescribeSql => """
        SELECT m.name || '.' || p.name || ' ' || p.type || ' ' || p."notnull" || ' ' || p.pk FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE '\_\_%' ESCAPE '\'
        UNION ALL SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
        """;

    protected override Task<string> NewDatabaseAsync() => Task.FromResult($"Data Source={Path.Combine(Folder, $"{Guid.NewGuid():n}.db")}");

    protected override DbConnection Connection(string database) => new SqliteConnection(database);

    private protected override SharedDbContext SharedTablesOf(string database) =>
        new(new DbContextOptionsBuilder<SharedDbContext>().UseSqlite(database, sqlite => sqlite.MigrationsHistoryTable(SharedDbContext.HistoryTable)).Options);
}

public sealed class SchemaOnPostgresTests(PostgresDatabases databases) : SchemaTests, IClassFixture<PostgresDatabases>
{
    private readonly PostgresDatabases databases = databases.OrSkip();

    protected override string Qualifier => "users.";

    protected override string Remedy => "drop the schema \"users\"";

    protected override string DescribeSql => """
        SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, collation_name, is_nullable, column_default) FROM information_schema.columns
        WHERE table_schema IN ('public', 'users') AND table_name NOT LIKE '\_\_%'
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname IN ('public', 'users') AND tablename NOT LIKE '\_\_%'
        """;

    protected override Task<string> NewDatabaseAsync() => databases.NewAsync();

    protected override DbConnection Connection(string database) => new NpgsqlConnection(database);

    private protected override SharedDbContext SharedTablesOf(string database) =>
        new(new DbContextOptionsBuilder<SharedDbContext>().UseNpgsql(database, npgsql => npgsql.MigrationsHistoryTable(SharedDbContext.HistoryTable)).Options);
}
