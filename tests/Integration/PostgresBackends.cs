using Microservices.Tests.Integration.Orders;
using Microservices.Tests.Integration.Users;
using Microservices.Tests.Support;

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
public sealed class OrdersOnPostgresTests : OrdersTests
{
    public OrdersOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

[Collection(nameof(OnPostgres))]
public sealed class LookupOrdersOnPostgresTests : LookupOrdersTests
{
    public LookupOrdersOnPostgresTests(PostgresBackends backends)
        : base(backends) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

/// <summary>One PostgreSQL for all tests that need one.</summary>
[CollectionDefinition(nameof(OnPostgres))]
public sealed class OnPostgres : ICollectionFixture<PostgresBackends>;
