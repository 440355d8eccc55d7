using System.Diagnostics;
using System.Globalization;

namespace Microservices.Tests.Support;

/// <summary>
/// A PostgreSQL cluster of the test's own, on a free port. PostgreSQL refuses to run as root: then it runs as the user postgres. It ends
/// with the test's process, however that ends.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    // Its standard input is the test's: when that ends without a word, its owner is gone.
    private const string StopWithOwner = """trap '' INT HUP; read -r _ || exec "$@" >/dev/null 2>&1""";

    private readonly string directory = Directory.CreateTempSubdirectory("postgres-").FullName;
    private readonly int port = Eventually.FreePort();
    private int databases;
    private Process? watchdog;
    private string options = "";
    private bool runs;

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
        server.options = $"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync={(durable ? "on" : "off")} -c max_connections=200";
        await server.StartAgainAsync();
        var (program, arguments) = Command("pg_ctl", ["-D", data, "-m", "immediate", "stop"]);
        server.watchdog = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", StopWithOwner, "sh", program, .. arguments]) { RedirectStandardInput = true, WorkingDirectory = "/" });
        return server;
    }

    /// <summary>Stops it and cuts its sessions off, as for maintenance; what was committed stays.</summary>
    public async Task StopAsync()
    {
        await RunAsync("pg_ctl", ["-D", Path.Combine(directory, "data"), "-m", "fast", "-w", "stop"]);
        runs = false;
    }

    /// <summary>Starts it again, after <see cref="StopAsync"/>, on the same port; returns when it accepts connections.</summary>
    public async Task StartAgainAsync()
    {
        await RunAsync("pg_ctl", ["-D", Path.Combine(directory, "data"), "-w", "-l", Path.Combine(directory, "log"), "-o", options, "start"]);
        runs = true;
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

    /// <summary>Makes an account that has to give its password and may make nothing; gives its connection string for a database that may not exist.</summary>
    public async Task<string> CreateAccountAsync(string name, string password, string database)
    {
        await RunAsync("psql", ["-q", "-h", "127.0.0.1", "-p", $"{port}", "-U", "suite", "-d", "postgres", "-c", $"CREATE ROLE {name} LOGIN PASSWORD '{password}'"]);
        var rules = Path.Combine(directory, "data", "pg_hba.conf");
        await File.WriteAllTextAsync(rules, $"host all {name} 127.0.0.1/32 scram-sha-256\n" + await File.ReadAllTextAsync(rules));
        // A server that only reads its rules again does so at some later time.
        await StopAsync();
        await StartAgainAsync();
        return $"Host=127.0.0.1;Port={port};Username={name};Database={database}";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (watchdog is { } owner)
        {
            await owner.StandardInput.WriteLineAsync();
            owner.StandardInput.Close();
            await owner.WaitForExitAsync();
            owner.Dispose();
        }

        if (runs)
            await RunAsync("pg_ctl", ["-D", Path.Combine(directory, "data"), "-m", "immediate", "-w", "stop"]);
        Directory.Delete(directory, recursive: true);
    }

    private static async Task RunAsync(string program, string[] arguments, bool asPostgres = true)
    {
        var (file, all) = asPostgres ? Command(program, arguments) : (program, arguments);
        var start = new ProcessStartInfo(file, all) { WorkingDirectory = "/" };
        start.Environment["LC_ALL"] = "C.UTF-8";
        // Not redirected: the server outlives pg_ctl and would hold the pipes open.
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} failed with exit code {process.ExitCode}");
    }

    private static (string Program, string[] Arguments) Command(string program, string[] arguments)
    {
        var path = Needs.Program(program) ?? throw new InvalidOperationException($"{program} is not installed");
        return Environment.UserName == "root" ? ("runuser", ["-u", "postgres", "--", path, .. arguments]) : (path, arguments);
    }
}
