using System.Diagnostics;
using Microservices.Local;

namespace Microservices.Tests.Support;

/// <summary>The launcher's Redis, a Garnet, inside this process, on a free port.</summary>
public sealed class EmbeddedGarnet : IDisposable
{
    private readonly EmbeddedRedis redis;

    /// <summary>Starts it.</summary>
    public EmbeddedGarnet()
    {
        Port = Eventually.FreePort();
        redis = EmbeddedRedis.Start(Port);
    }

    /// <summary>What the launcher's services may keep in it, by the names of their settings.</summary>
    public static IReadOnlyDictionary<string, long> Budgets => EmbeddedRedis.Budgets;

    /// <summary>How many processes may keep as much in it.</summary>
    public static int Appenders => EmbeddedRedis.Appenders;

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>StackExchange.Redis's connection string.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <inheritdoc/>
    public void Dispose() => redis.Dispose();
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
