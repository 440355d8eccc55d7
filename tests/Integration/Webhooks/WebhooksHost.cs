using Microservices.Egress;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microservices.Topics;
using Microservices.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Client = Microservices.Webhooks.V1.WebhooksService.WebhooksServiceClient;
using Context = Microservices.Webhooks.WebhooksDbContext;
using SourcesClient = Microservices.Webhooks.V1.SourcesService.SourcesServiceClient;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>
/// Webhooks on real sockets, with an embedded Redis and a database of its own: SQLite unless a connection string says otherwise. It may send to this machine.
/// Nobody is there whose events it gets: tests hand them over.
/// </summary>
public class WebhooksHost : IAsyncLifetime
{
    /// <summary>How much a source keeps, in bytes: the least that may be said.</summary>
    public const int MaxReceivedBytes = 1 << 20;

    private readonly string directory = Directory.CreateTempSubdirectory("webhooks-").FullName;

    private EmbeddedGarnet? Redis { get; set; }

    private ServiceHost<Context>? Host { get; set; }

    /// <summary>An operator's client; null where the database is not to be had, and then every test is skipped.</summary>
    public Client Client { get; private set; } = null!;

    /// <summary>An operator's client of sources; what only the gateway may, the gateway's.</summary>
    public SourcesClient Sources { get; private set; } = null!;

    /// <summary>The address of its gRPC port.</summary>
    public string Address => Host!.Grpc;

    /// <summary>A client whose calls somebody else makes.</summary>
    public Client ClientOf(string token) => new(Tokens.Channel(Host!.Grpc, token));

    /// <summary>A client of sources whose calls somebody else makes.</summary>
    public SourcesClient SourcesOf(string token) => new(Tokens.Channel(Host!.Grpc, token));

    internal Database<Context> Database => Host!.Services.GetRequiredService<Database<Context>>();

    /// <summary>Hands over what happened elsewhere, as the feeds do: as many events at a time as are dealt with in one transaction.</summary>
    internal async Task<IReadOnlyList<HandledEvents>> HappensAsync(params SourceEvent[] events)
    {
        var pages = new List<HandledEvents>();
        for (var left = events; left.Length > 0; left = left[pages[^1].Events..])
            pages.Add(await Database.WriteAsync(context => Host!.Services.GetRequiredService<FanOut>().AddAsync(context, left, default), default));
        return pages;
    }

    protected virtual Task<string> DatabaseAsync() => Task.FromResult($"Data Source={Path.Combine(directory, "webhooks")}.db");

    public virtual async Task InitializeAsync()
    {
        Redis = new EmbeddedGarnet();
        Host = new ServiceHost<Context>(new Dictionary<string, string>
        {
            ["environment"] = "Development",
            ["ConnectionStrings:Database"] = await DatabaseAsync(),
            ["ConnectionStrings:Redis"] = Redis.ConnectionString,
            ["Webhooks:CertificateFile"] = Certificate(),
            ["Webhooks:MaxReceivedBytes"] = $"{MaxReceivedBytes}",
            ["Backends:Users:Addresses:0"] = "http://127.0.0.1:1",
            ["Backends:Orders:Addresses:0"] = "http://127.0.0.1:1",
            ["Backends:Notifications:Addresses:0"] = "http://127.0.0.1:1",
            [$"{EgressOptions.Section}:AllowHttp"] = "true",
            [$"{EgressOptions.Section}:AllowedNetworks:0"] = "127.0.0.0/8",
            ["Logging:LogLevel:Microservices"] = "Warning",
        });
        (Client, Sources) = (new(Host.Channel), new(Host.Channel));
    }

    public virtual async Task DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        Redis?.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private string Certificate()
    {
        var (keys, service) = (new Local.Keys(Path.Combine(directory, "keys")), Local.Catalog.Services.Single(s => s.Project == "Webhooks"));
        keys.MakeMissing([service]);
        File.WriteAllText(Path.Combine(directory, "sealing.pem"), File.ReadAllText(keys.CertificateOf(service)) + "\n" + File.ReadAllText(keys.CertificateKeyOf(service)));
        return Path.Combine(directory, "sealing.pem");
    }
}

/// <summary>The same on PostgreSQL; nothing at all where there is none.</summary>
public sealed class PostgresWebhooksHost : WebhooksHost
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
