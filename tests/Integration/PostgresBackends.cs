using Microservices.Orders;
using Microservices.Tests.Integration.Orders;
using Microservices.Tests.Integration.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration;

/// <summary>Users and Orders on one PostgreSQL database, each in its schema; nothing at all where there is no PostgreSQL.</summary>
public sealed class PostgresBackends : Backends
{
    private readonly PostgresDatabases databases = new();

    protected override Task<string> DatabaseAsync(string service) => databases.NamedAsync("suite");

    public override async Task InitializeAsync()
    {
        await databases.InitializeAsync();
        if (databases.Exist)
            await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        if (databases.Exist)
            await base.DisposeAsync();
        await databases.DisposeAsync();
    }
}

[Collection(nameof(OnPostgres))]
public sealed class UsersOnPostgresTests(PostgresBackends backends) : UsersTests(backends.OrSkip());

[Collection(nameof(OnPostgres))]
public sealed class ListUsersOnPostgresTests(PostgresBackends backends) : ListUsersTests(backends.OrSkip());

[Collection(nameof(OnPostgres))]
public sealed class LookupUsersOnPostgresTests(PostgresBackends backends) : LookupUsersTests(backends.OrSkip());

[Collection(nameof(OnPostgres))]
public sealed class OrdersOnPostgresTests(PostgresBackends backends) : OrdersTests(backends.OrSkip());

[Collection(nameof(OnPostgres))]
public sealed class ListOrdersOnPostgresTests(PostgresBackends backends) : ListOrdersTests(backends.OrSkip());

[Collection(nameof(OnPostgres))]
public sealed class OrderStateOnPostgresTests(PostgresBackends backends) : OrderStateTests(backends.OrSkip());

[Collection(nameof(OnPostgres))]
public sealed class LookupOrdersOnPostgresTests(PostgresBackends backends) : LookupOrdersTests(backends.OrSkip())
{
    [SkippableFact]
    public async Task A_connection_that_was_cut_while_it_lay_idle_fails_no_lookup()
    {
        var known = await LookupAsync("nobody", known: 0);
        Assert.NotEqual(0, await CutAllAsync());
        Assert.True((await LookupAsync("nobody", known.Etag)).Unchanged);
    }

    [SkippableFact]
    public async Task Connections_that_were_cut_while_they_lay_idle_fail_none_of_many_lookups_at_once()
    {
        const int AtOnce = 40;
        var known = await LookupAsync("nobody", known: 0);
        for (var round = 0; round < 5; round++)
        {
            // More connections than are kept apart from the driver's pool.
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => LookupAsync("nobody", known.Etag)));
            Assert.NotEqual(0, await CutAllAsync());
            Assert.All(await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => LookupAsync("nobody", known.Etag))), answer => Assert.True(answer.Unchanged, $"{answer}"));
        }
    }

    private async Task<int> CutAllAsync()
    {
        await using var scope = backends.OrdersHost.Services.CreateAsyncScope();
        await using var database = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<OrdersDbContext>>().CreateDbContextAsync();
        return (await database.Database
            .SqlQuery<bool>($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").ToListAsync()).Count;
    }
}

[Collection(nameof(OnPostgres))]
public sealed class ChangedUsersOnPostgresTests(PostgresBackends backends) : ChangedUsersTests(backends.OrSkip());

/// <summary>One PostgreSQL for all tests that need one.</summary>
[CollectionDefinition(nameof(OnPostgres))]
public sealed class OnPostgres : ICollectionFixture<PostgresBackends>;
