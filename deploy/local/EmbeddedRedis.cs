using System.Globalization;
using Garnet;

namespace Microservices.Local;

/// <summary>A Garnet inside the launcher, on the loopback interface. It keeps nothing: what must last is in the databases.</summary>
internal sealed class EmbeddedRedis : IDisposable
{
    private readonly GarnetServer server;

    private EmbeddedRedis(GarnetServer server) => this.server = server;

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
