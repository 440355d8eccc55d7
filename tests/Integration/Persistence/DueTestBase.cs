using Microservices.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>Replicas of a service that has due work, on one kind of database. Every test has a database of its own.</summary>
public abstract class DueTestBase : IAsyncLifetime
{
    private protected static readonly (string Key, string Value) OneAtATime = ("Due:Concurrency", "1");

    private readonly List<DueProcess> started = [];
    private readonly string directory = Directory.CreateTempSubdirectory("due-").FullName;
    private protected readonly PostgresDatabases? postgres;
    private string? database;

    /// <param name="postgres">Where databases are made; null for SQLite.</param>
    protected DueTestBase(PostgresDatabases? postgres)
    {
        Skip.If(postgres is not null && Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
        this.postgres = postgres;
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var process in started)
            await process.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }

    private protected Task<DueProcess> StartAsync(params (string Key, string Value)[] settings) => StartAsync(null, null, settings);

    private protected Task<DueProcess> StartAsync(TimeProvider? time, TimeSpan[]? retries, params (string Key, string Value)[] settings) => StartAsync(time, retries, withOtherKind: false, settings);

    private protected Task<DueProcess> StartWithTwoKindsAsync(params (string Key, string Value)[] settings) => StartAsync(null, null, withOtherKind: true, settings);

    private async Task<DueProcess> StartAsync(TimeProvider? time, TimeSpan[]? retries, bool withOtherKind, (string Key, string Value)[] settings)
    {
        database ??= postgres is null ? $"Data Source={Path.Combine(directory, "orders.db")}" : await postgres.NewAsync();
        var process = await DueProcess.StartAsync(database, time, retries, withOtherKind, settings);
        started.Add(process);
        return process;
    }

    private protected static Task UntilDoneAsync(DueProcess process, int count) =>
        Eventually.UntilAsync(async () => (await process.DoneAsync()).Count >= count && (await process.RowsAsync()).Count == 0, $"{count} rows are done");

    private protected static Task UntilBegunAsync(DueProcess process, int count, TimeSpan? timeout = null) =>
        Eventually.UntilAsync(() => process.Begun.Count >= count, $"{count} rows are begun", timeout);

    /// <summary>Returns when the lease of the only row has been renewed for as long as several leases last: whoever wanted it has looked.</summary>
    private protected static async Task UntilRenewedAsync(DueProcess process)
    {
        var before = Assert.Single(await process.RowsAsync()).LeasedUntilMs;
        await Eventually.UntilAsync(async () => Assert.Single(await process.RowsAsync()).LeasedUntilMs > before + 5_000, "the lease is renewed");
    }
}

/// <summary>One PostgreSQL for all tests of due work.</summary>
[CollectionDefinition(nameof(DueOnPostgres))]
public sealed class DueOnPostgres : ICollectionFixture<PostgresDatabases>;
