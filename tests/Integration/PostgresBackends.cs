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
        await using var scope = backends.OrdersHost.Services.CreateAsyncScope();
        await using var database = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<OrdersDbContext>>().CreateDbContextAsync();
        var cut = await database.Database
            .SqlQuery<bool>($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").ToListAsync();
        Assert.NotEmpty(cut);

        Assert.True((await LookupAsync("nobody", known.Etag)).Unchanged);
    }
}

[Collection(nameof(OnPostgres))]
public sealed class ChangedUsersOnPostgresTests(PostgresBackends backends) : ChangedUsersTests(backends.OrSkip());

/// <summary>One PostgreSQL for all tests that need one.</summary>
[CollectionDefinition(nameof(OnPostgres))]
public sealed class OnPostgres : ICollectionFixture<PostgresBackends>;
