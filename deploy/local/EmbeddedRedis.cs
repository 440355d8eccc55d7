using System.Globalization;
using Garnet;

namespace Microservices.Local;

/// <summary>A Garnet inside the launcher, on the loopback interface. It keeps nothing: what must last is in the databases.</summary>
internal sealed class EmbeddedRedis : IDisposable
{
    // What a service may keep in it. Garnet's lists lie on the launcher's heap and its keys in a log of fixed size, from which it would
    // evict what is oldest: together the budgets stay below that size.
    private const long MaxBytes = 4 << 20;
    private const long MaxTransientBytes = 2 << 20;

    private readonly GarnetServer server;

    private EmbeddedRedis(GarnetServer server) => this.server = server;

    /// <summary>The budgets of each service that uses it, by the names of their settings.</summary>
    public static IReadOnlyDictionary<string, long> Budgets { get; } = new Dictionary<string, long>
    {
        ["EventLog__MaxBytes"] = MaxBytes,
        ["EventLog__MaxTransientBytes"] = MaxTransientBytes,
    };

    /// <summary>Starts it; it accepts connections when this returns.</summary>
    public static EmbeddedRedis Start()
    {
        // Lua is atomic only in transaction mode. The sizes cost 13 MB where the defaults cost 170 MB.
        var server = new GarnetServer([
            "--bind", "127.0.0.1", "--port", Catalog.RedisPort.ToString(CultureInfo.InvariantCulture), "-q",
            "--lua", "--lua-transaction-mode", "-m", "32m", "-p", "1m", "-i", "1m",
        ]);
        server.Start();
        return new EmbeddedRedis(server);
    }

    /// <inheritdoc/>
    public void Dispose() => server.Dispose();
}
