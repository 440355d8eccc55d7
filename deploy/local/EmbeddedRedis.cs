using System.Globalization;
using Garnet;

namespace Microservices.Local;

/// <summary>A Garnet inside the launcher, on the loopback interface. It keeps nothing: what must last is in the databases.</summary>
internal sealed class EmbeddedRedis : IDisposable
{
    private const long MaxBytes = 4 << 20;
    private const long MaxTransientBytes = 2 << 20;

    // What Garnet needs for that by its own count, which is higher than that of the budgets: without room it evicts what is oldest.
    private const int MegabytesEach = 16;

    private readonly GarnetServer server;

    private EmbeddedRedis(GarnetServer server) => this.server = server;

    /// <summary>The budgets of each service that uses it, by the names of their settings.</summary>
    public static IReadOnlyDictionary<string, long> Budgets { get; } = new Dictionary<string, long>
    {
        ["EventLog__MaxBytes"] = MaxBytes,
        ["EventLog__MaxTransientBytes"] = MaxTransientBytes,
    };

    /// <summary>How many processes' topics it has room for: a replica of every service that has any, and one that another has just taken over from.</summary>
    public static int Appenders => Catalog.Services.Count(service => service.HasDatabase) + 1;

    /// <summary>Starts it on a port; it accepts connections when this returns.</summary>
    public static EmbeddedRedis Start(int port)
    {
        // Lua is atomic only in transaction mode. The sizes cost 13 MB while it is empty, where the defaults cost 170 MB.
        var server = new GarnetServer([
            "--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "-q",
            "--lua", "--lua-transaction-mode", "-m", string.Create(CultureInfo.InvariantCulture, $"{MegabytesEach * Appenders}m"), "-p", "1m", "-i", "1m",
        ]);
        server.Start();
        return new EmbeddedRedis(server);
    }

    /// <inheritdoc/>
    public void Dispose() => server.Dispose();
}
