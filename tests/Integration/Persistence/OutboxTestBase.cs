using Microservices.EventLog;
using Microservices.Persistence;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>Replicas of a service as far as its outbox is concerned, on one kind of database and on each kind of Redis. Every test has a database of its own.</summary>
public abstract class OutboxTestBase : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> started = [];
    private readonly string directory = Directory.CreateTempSubdirectory("outbox-").FullName;
    private readonly PostgresDatabases? postgres;
    private string? database;

    /// <param name="servers">The kinds of Redis.</param>
    /// <param name="postgres">Where databases are made; null for SQLite.</param>
    protected OutboxTestBase(SharedServers servers, PostgresDatabases? postgres)
    {
        Skip.If(postgres is not null && Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
        (Servers, this.postgres) = (servers, postgres);
    }

    private protected SharedServers Servers { get; }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        started.Reverse();
        foreach (var disposable in started)
            await disposable.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }

    private protected static IEnumerable<long> Numbers(int count) => Enumerable.Range(1, count).Select(n => (long)n);

    private protected static async Task UntilLogHasAsync(OutboxProcess process, string topic, int count)
    {
        await Eventually.UntilAsync(async () => (await process.ReadLogAsync(topic)).Count >= count, $"{count} events in the log");
        Assert.Equal(Numbers(count), (await process.ReadLogAsync(topic)).Select(e => e.Offset));
    }

    private protected static Task<int> LeaseAsync(OutboxProcess process, string owner, TimeSpan ahead) => process.Database.WriteAsync(async orders =>
    {
        await orders.OutboxLeases.Where(l => l.Name == "relay").ExecuteDeleteAsync();
        orders.OutboxLeases.Add(new OutboxLease { Name = "relay", Owner = owner, ExpiresAtMs = await orders.ReadClockAsync(default) + (long)ahead.TotalMilliseconds });
        return 0;
    }, default);

    private protected static Task UntilSetAsideAsync(OutboxProcess process, int count) =>
        Eventually.UntilAsync(async () => await process.Database.ReadAsync(orders => orders.OutboxQuarantine.CountAsync(), default) == count, $"{count} are set aside");

    private protected async Task<string> DatabaseAsync() => database ??= postgres is null ? $"Data Source={Path.Combine(directory, "orders.db")}" : await postgres.NewAsync();

    private protected async Task<OutboxProcess> StartAsync(Server on, params (string Key, string Value)[] settings) =>
        Keep(await OutboxProcess.StartAsync(await DatabaseAsync(), await Servers.ConnectionStringAsync(on), settings));

    private protected async Task<Collector> CollectAsync(OutboxProcess process, string topic, Cursor? from = null) =>
        Keep(await Collector.StartAsync(process.Log, topic, from));

    private protected T Keep<T>(T disposable)
        where T : IAsyncDisposable
    {
        started.Add(disposable);
        return disposable;
    }
}

/// <summary>One of each kind of Redis for all tests of the outbox on SQLite.</summary>
[CollectionDefinition(nameof(OutboxOnSqlite))]
public sealed class OutboxOnSqlite : ICollectionFixture<SharedServers>;

/// <summary>One of each kind of Redis, and one PostgreSQL, for all tests of the outbox on PostgreSQL.</summary>
[CollectionDefinition(nameof(OutboxOnPostgres))]
public sealed class OutboxOnPostgres : ICollectionFixture<SharedServers>, ICollectionFixture<PostgresDatabases>;
