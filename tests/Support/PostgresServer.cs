using System.Diagnostics;
using System.Globalization;

namespace Microservices.Tests.Support;

/// <summary>A PostgreSQL cluster of the test's own, on a free port. PostgreSQL refuses to run as root: then it runs as the user postgres.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("postgres-").FullName;
    private readonly int port = Eventually.FreePort();
    private int databases;

    private PostgresServer()
    {
    }

    /// <summary>Makes a cluster, starts it, and waits until it accepts connections.</summary>
    /// <param name="durable">Whether a commit waits for the disk, as it must where it matters; tests need not.</param>
    public static async Task<PostgresServer> StartAsync(bool durable = false)
    {
        var server = new PostgresServer();
        if (Environment.UserName == "root")
            await RunAsync("chown", ["postgres", server.directory], asPostgres: false);
        var data = Path.Combine(server.directory, "data");
        await RunAsync("initdb", ["-D", data, "-U", "suite", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        await RunAsync("pg_ctl", ["-D", data, "-w", "-l", Path.Combine(server.directory, "log"), "-o",
            $"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync={(durable ? "on" : "off")} -c max_connections=200", "start"]);
        return server;
    }

    /// <summary>The process id of the server, whose children its sessions are.</summary>
    public int Pid => int.Parse(File.ReadLines(Path.Combine(directory, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>The connection string of a database of its own, made now and empty.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref databases)}");
        await RunAsync("createdb", ["-h", "127.0.0.1", "-p", $"{port}", "-U", "suite", name]);
        return $"Host=127.0.0.1;Port={port};Username=suite;Database={name}";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await RunAsync("pg_ctl", ["-D", Path.Combine(directory, "data"), "-m", "immediate", "-w", "stop"]);
        Directory.Delete(directory, recursive: true);
    }

    private static async Task RunAsync(string program, string[] arguments, bool asPostgres = true)
    {
        var path = Needs.Program(program) ?? throw new InvalidOperationException($"{program} is not installed");
        var start = asPostgres && Environment.UserName == "root"
            ? new ProcessStartInfo("runuser", ["-u", "postgres", "--", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.WorkingDirectory = "/";
        start.Environment["LC_ALL"] = "C.UTF-8";
        // Not redirected: the server outlives pg_ctl and would hold the pipes open.
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} failed with exit code {process.ExitCode}");
    }
}
