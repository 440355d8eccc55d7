using System.Globalization;
using StackExchange.Redis;

namespace Microservices.Tests.Support;

/// <summary>A Redis Cluster of three masters, each a redis-server process of the test's own, without replicas.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;
    private readonly List<RedisServer> masters = [];

    private RedisCluster()
    {
    }

    /// <summary>StackExchange.Redis's connection string.</summary>
    public string ConnectionString => string.Join(',', masters.Select(m => m.ConnectionString));

    /// <summary>The masters.</summary>
    public IReadOnlyList<RedisServer> Masters => masters;

    /// <summary>Starts the masters, introduces them to each other, and waits until all slots are served.</summary>
    public static async Task<RedisCluster> StartAsync()
    {
        var cluster = new RedisCluster();
        var buses = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            buses.Add(Eventually.FreePort());
            cluster.masters.Add(await RedisServer.StartAsync(
                "--cluster-enabled", "yes", "--cluster-port", buses[i].ToString(CultureInfo.InvariantCulture), "--cluster-node-timeout", "2000"));
        }

        for (var i = 0; i < 3; i++)
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(cluster.masters[i].ConnectionString + ",allowAdmin=true");
            var server = connection.GetServers()[0];
            await server.ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", Slots * i / 3, (Slots * (i + 1) / 3) - 1);
            await server.ExecuteAsync("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
            if (i > 0)
                await server.ExecuteAsync("CLUSTER", "MEET", "127.0.0.1", cluster.masters[0].Port, buses[0]);
        }

        foreach (var master in cluster.masters)
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(master.ConnectionString + ",allowAdmin=true");
            var server = connection.GetServers()[0];
            await Eventually.UntilAsync(
                async () =>
                {
                    var info = (string)(await server.ExecuteAsync("CLUSTER", "INFO"))!;
                    return info.Contains("cluster_state:ok", StringComparison.Ordinal) && info.Contains("cluster_known_nodes:3", StringComparison.Ordinal);
                },
                "the cluster serves all slots");
        }

        return cluster;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var master in masters)
            await master.DisposeAsync();
    }
}
