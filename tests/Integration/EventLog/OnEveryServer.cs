using System.Reflection;
using Microservices.EventLog;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Xunit.Sdk;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>The servers that the conformance suite runs on.</summary>
public enum Server
{
    Garnet,
    Redis,
    RedisCluster,
}

/// <summary>Runs a theory on one server, or skips it there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public abstract class OnServerAttribute(Server server) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[server]];
}

public sealed class OnGarnetAttribute() : OnServerAttribute(Server.Garnet);

public sealed class OnRedisAttribute : OnServerAttribute
{
    public OnRedisAttribute()
        : base(Server.Redis) => Skip = Needs.WhyNot(Need.RedisServer);
}

public sealed class OnRedisClusterAttribute : OnServerAttribute
{
    public OnRedisClusterAttribute()
        : base(Server.RedisCluster) => Skip = Needs.WhyNot(Need.RedisServer);
}

/// <summary>One of each server for the tests of a class, started when first asked for. Tests use topics of their own.</summary>
public sealed class SharedServers : IAsyncLifetime
{
    private readonly Lazy<EmbeddedGarnet> garnet = new(() => new EmbeddedGarnet());
    private readonly Lazy<Task<RedisServer>> redis = new(() => RedisServer.StartAsync());
    private readonly Lazy<Task<RedisCluster>> cluster = new(RedisCluster.StartAsync);

    public async Task<string> ConnectionStringAsync(Server server) => server switch
    {
        Server.Garnet => garnet.Value.ConnectionString,
        Server.Redis => (await redis.Value).ConnectionString,
        _ => (await cluster.Value).ConnectionString,
    };

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (garnet.IsValueCreated)
            garnet.Value.Dispose();
        if (redis.IsValueCreated)
            await (await redis.Value).DisposeAsync();
        if (cluster.IsValueCreated)
            await (await cluster.Value).DisposeAsync();
    }
}

/// <summary>Starts what a test needs and ends it, last first.</summary>
public abstract class OnEveryServer(SharedServers servers) : IAsyncLifetime
{
    // So long that only the mechanism under test can be what repairs.
    private protected static readonly Dictionary<string, string?> WithoutTimer = new() { ["EventLog:CheckInterval"] = "00:01:00" };

    private readonly List<IAsyncDisposable> started = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        started.Reverse();
        foreach (var disposable in started)
            await disposable.DisposeAsync();
    }

    // Servers that nobody ends, and that answer late on a machine with other work.
    private protected async Task<LogProcess> StartAsync(Server on, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? services = null) =>
        Keep(await LogProcess.StartAsync(await servers.ConnectionStringAsync(on), new(settings ?? []) { ["EventLog:CommandTimeout"] = "00:01:00" }, services));

    private protected async Task<Collector> CollectAsync(LogProcess process, string topic, Cursor? from = null, Delivery delivery = Delivery.Lossless) =>
        Keep(await Collector.StartAsync(process.Log, topic, from, delivery));

    /// <summary>A connection that goes round the log.</summary>
    private protected async Task<ConnectionMultiplexer> RawAsync(Server on) =>
        Keep(await ConnectionMultiplexer.ConnectAsync(await servers.ConnectionStringAsync(on) + ",allowAdmin=true"));

    private protected T Keep<T>(T disposable)
        where T : IAsyncDisposable
    {
        started.Add(disposable);
        return disposable;
    }
}
