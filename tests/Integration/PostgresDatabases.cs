using Microservices.Tests.Support;

namespace Microservices.Tests.Integration;

/// <summary>A PostgreSQL for a class of tests; nothing at all where there is none.</summary>
public sealed class PostgresDatabases : IAsyncLifetime
{
    private readonly Dictionary<string, string> named = [];
    private PostgresServer? server;

    /// <summary>Whether there is one.</summary>
    public bool Exist => server is not null;

    /// <summary>A database of its own.</summary>
    public async Task<string> NewAsync() => await (server ?? throw new InvalidOperationException("There is no PostgreSQL")).CreateDatabaseAsync();

    /// <summary>The same database for the same name.</summary>
    public async Task<string> NamedAsync(string name) => named.TryGetValue(name, out var database) ? database : named[name] = await NewAsync();

    public async Task InitializeAsync()
    {
        if (Needs.WhyNot(Need.PostgreSql) is null)
            server = await PostgresServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
    }
}

internal static class PostgresFixtureExtensions
{
    /// <summary>The fixture of a test that needs PostgreSQL; where there is none, the test is skipped.</summary>
    public static TFixture OrSkip<TFixture>(this TFixture fixture)
        where TFixture : IAsyncLifetime
    {
        Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
        return fixture;
    }
}
