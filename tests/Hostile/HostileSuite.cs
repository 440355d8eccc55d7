using System.Globalization;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile;

/// <summary>The suite as processes on free ports, one of each service, each with the memory that its pod has; over Redis and SQLite.</summary>
internal sealed class HostileSuite : IAsyncDisposable
{
    /// <summary>What a pod may use: limits.memory of deploy/k8s/base.</summary>
    public const long PodBytes = 512L << 20;

    // What the runtime would take of it for its heap by itself in a container of that size.
    private const long HeapBytes = PodBytes / 4 * 3;

    private readonly string data = Directory.CreateTempSubdirectory("hostile-").FullName;
    private RedisServer? redis;
    private WholeSuite? services;

    /// <summary>Users.</summary>
    public ReplicaProcess Users => this["users"];

    /// <summary>Orders.</summary>
    public ReplicaProcess Orders => this["orders"];

    /// <summary>Notifications.</summary>
    public ReplicaProcess Notifications => this["notifications"];

    /// <summary>The gateway.</summary>
    public ReplicaProcess Gateway => this["gateway"];

    /// <summary>All of them, what is depended on first.</summary>
    public IReadOnlyList<ReplicaProcess> All => services!.All;

    /// <summary>The names of the services.</summary>
    public IEnumerable<string> Names => services!.Names;

    /// <summary>A service by its name.</summary>
    public ReplicaProcess this[string service] => services![service][0];

    /// <summary>Starts all, and returns when they are ready.</summary>
    public static async Task<HostileSuite> StartAsync()
    {
        var suite = new HostileSuite();
        try
        {
            suite.redis = await RedisServer.StartAsync();
            suite.services = await WholeSuite.StartAsync(service => Task.FromResult($"Data Source={Path.Combine(suite.data, service)}.db"), new Dictionary<string, string>
            {
                ["ConnectionStrings__Redis"] = suite.redis.ConnectionString,
                ["DOTNET_GCHeapHardLimit"] = HeapBytes.ToString("x", CultureInfo.InvariantCulture),
            });
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
        if (services is not null)
            await services.DisposeAsync();
        if (redis is not null)
            await redis.DisposeAsync();
        Directory.Delete(data, recursive: true);
    }
}
