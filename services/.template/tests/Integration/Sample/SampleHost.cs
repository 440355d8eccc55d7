using Microservices.Tests.Support;
using Client = Microservices.Sample.V1.SampleService.SampleServiceClient;
using Context = Microservices.Sample.SampleDbContext;

namespace Microservices.Tests.Integration.Sample;

/// <summary>Sample on real sockets, with an embedded Redis and a database of its own: SQLite unless a connection string says otherwise.</summary>
public class SampleHost : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("sample-").FullName;

    private EmbeddedGarnet? Redis { get; set; }

    private ServiceHost<Context>? Host { get; set; }

    /// <summary>A client; null where the database is not to be had, and then every test is skipped.</summary>
    public Client Client { get; private set; } = null!;

    /// <summary>A client whose calls somebody else makes; that of <see cref="Client"/> is an operator's.</summary>
    public Client ClientOf(string token) => new(Tokens.Channel(Host!.Grpc, token));

    protected virtual Task<string> DatabaseAsync() => Task.FromResult($"Data Source={Path.Combine(directory, "sample")}.db");

    public virtual async Task InitializeAsync()
    {
        Redis = new EmbeddedGarnet();
        Host = new ServiceHost<Context>(new Dictionary<string, string>
        {
            ["ConnectionStrings:Database"] = await DatabaseAsync(),
            ["ConnectionStrings:Redis"] = Redis.ConnectionString,
        });
        Client = new(Host.Channel);
    }

    public virtual async Task DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        Redis?.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}

/// <summary>The same on PostgreSQL; nothing at all where there is none.</summary>
public sealed class PostgresSampleHost : SampleHost
{
    private readonly PostgresDatabases databases = new();

    protected override Task<string> DatabaseAsync() => databases.NewAsync();

    public override async Task InitializeAsync()
    {
        await databases.InitializeAsync();
        if (databases.Exist)
            await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await databases.DisposeAsync();
    }
}
