using System.Diagnostics;
using Garnet;

namespace Microservices.Tests.Support;

/// <summary>A Garnet inside this process, with the arguments that deploy/local uses, on a free port.</summary>
public sealed class EmbeddedGarnet : IDisposable
{
    private readonly GarnetServer server;

    /// <summary>Starts it.</summary>
    public EmbeddedGarnet()
    {
        Port = Eventually.FreePort();
        server = new GarnetServer(["--bind", "127.0.0.1", "--port", $"{Port}", "-q", "--lua", "--lua-transaction-mode", "-m", "32m", "-p", "1m", "-i", "1m"]);
        server.Start();
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>StackExchange.Redis's connection string.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <inheritdoc/>
    public void Dispose() => server.Dispose();
}

/// <summary>A redis-server process of the test's own, with no persistence, on a free port. It may be killed and started again.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("redis-").FullName;
    private readonly string[] arguments;
    private Process? process;

    private RedisServer(string[] arguments) => this.arguments = arguments;

    /// <summary>Where it listens, also after a restart.</summary>
    public int Port { get; } = Eventually.FreePort();

    /// <summary>StackExchange.Redis's connection string.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>Its process id; another one after each start.</summary>
    public int Pid => process?.Id ?? throw new InvalidOperationException("It does not run");

    /// <summary>Starts one and waits until it answers.</summary>
    public static async Task<RedisServer> StartAsync(params string[] arguments)
    {
        var redis = new RedisServer(arguments);
        await redis.StartAgainAsync();
        return redis;
    }

    /// <summary>Starts it again, empty, after <see cref="Kill"/>; with some more arguments for this life.</summary>
    public async Task StartAgainAsync(params string[] further)
    {
        var program = Needs.Program("redis-server") ?? throw new InvalidOperationException("redis-server is not installed");
        process = Process.Start(new ProcessStartInfo(program,
            ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory, .. arguments, .. further])
        {
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        await Eventually.UntilAsync(AnswersAsync, $"redis-server answers on port {Port}");
    }

    /// <summary>Kills it, as kill -9 does.</summary>
    public void Kill()
    {
        process?.Kill();
        process?.WaitForExit();
        process = null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Kill();
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync("127.0.0.1", Port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
