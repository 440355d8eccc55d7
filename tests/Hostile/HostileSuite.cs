using System.Globalization;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile;

/// <summary>The suite as processes on free ports, one of each, each with the memory that its pod has: Redis, SQLite, three services, and the gateway.</summary>
internal sealed class HostileSuite : IAsyncDisposable
{
    /// <summary>What a pod may use: limits.memory of deploy/k8s/base.</summary>
    public const long PodBytes = 512L << 20;

    // What the runtime would take of it for its heap by itself in a container of that size.
    private const long HeapBytes = PodBytes / 4 * 3;

    private readonly string data = Directory.CreateTempSubdirectory("hostile-").FullName;
    private RedisServer? redis;

    /// <summary>Users.</summary>
    public ReplicaProcess Users { get; private set; } = null!;

    /// <summary>Orders.</summary>
    public ReplicaProcess Orders { get; private set; } = null!;

    /// <summary>Notifications.</summary>
    public ReplicaProcess Notifications { get; private set; } = null!;

    /// <summary>The gateway.</summary>
    public ReplicaProcess Gateway { get; private set; } = null!;

    /// <summary>All of them, what is depended on first.</summary>
    public IReadOnlyList<ReplicaProcess> All => [Users, Orders, Notifications, Gateway];

    /// <summary>Starts all, and returns when they are ready.</summary>
    public static async Task<HostileSuite> StartAsync()
    {
        var suite = new HostileSuite();
        try
        {
            suite.redis = await RedisServer.StartAsync();
            suite.Users = suite.Start("services/Users", "users");
            suite.Orders = suite.Start("services/Orders", "orders", suite.Users);
            suite.Notifications = suite.Start("services/Notifications", "notifications", suite.Orders);
            suite.Gateway = suite.Start("gateway", null, suite.Users, suite.Orders, suite.Notifications);
            await Task.WhenAll(suite.All.Select(process => process.UntilReadyAsync()));
            return suite;
        }
        catch
        {
            await suite.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in All.OfType<ReplicaProcess>().Reverse())
            await process.DisposeAsync();
        if (redis is not null)
            await redis.DisposeAsync();
        Directory.Delete(data, recursive: true);
    }

    private ReplicaProcess Start(string folder, string? database, params ReplicaProcess[] backends)
    {
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Redis"] = redis!.ConnectionString,
            ["DOTNET_GCHeapHardLimit"] = HeapBytes.ToString("x", CultureInfo.InvariantCulture),
        };
        if (database is not null)
            settings["ConnectionStrings__Database"] = $"Data Source={Path.Combine(data, database)}.db";
        foreach (var backend in backends)
            settings[$"Backends__{backend.Service}__Addresses__0"] = backend.Address;
        return new ReplicaProcess(folder, settings, http: database is null);
    }
}
