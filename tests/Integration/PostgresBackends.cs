using Microservices.Orders;
using Microservices.Tests.Integration.Orders;
using Microservices.Tests.Integration.Users;
using Microservices.Tests.Support;
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
public sealed class UsersOnPostgresTests : UsersTests
{
    public UsersOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

[Collection(nameof(OnPostgres))]
public sealed class ListUsersOnPostgresTests : ListUsersTests
{
    public ListUsersOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

[Collection(nameof(OnPostgres))]
public sealed class LookupUsersOnPostgresTests : LookupUsersTests
{
    public LookupUsersOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

[Collection(nameof(OnPostgres))]
public sealed class OrdersOnPostgresTests : OrdersTests
{
    public OrdersOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

[Collection(nameof(OnPostgres))]
public sealed class ListOrdersOnPostgresTests : ListOrdersTests
{
    public ListOrdersOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

[Collection(nameof(OnPostgres))]
public sealed class OrderStateOnPostgresTests : OrderStateTests
{
    public OrderStateOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

[Collection(nameof(OnPostgres))]
public sealed class LookupOrdersOnPostgresTests : LookupOrdersTests
{
    private readonly PostgresBackends backends;

    public LookupOrdersOnPostgresTests(PostgresBackends backends)
        : base(backends)
    {
        Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
        this.backends = backends;
    }

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
public sealed class ChangedUsersOnPostgresTests : ChangedUsersTests
{
    public ChangedUsersOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

/// <summary>One PostgreSQL for all tests that need one.</summary>
[CollectionDefinition(nameof(OnPostgres))]
public sealed class OnPostgres : ICollectionFixture<PostgresBackends>;
