using System.Globalization;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>
/// Services and contenders as processes with a Redis of their own, in a temporary folder; all of it is gone when this is disposed. A
/// database is one SQLite file a name.
/// </summary>
internal sealed class SuiteProcesses : IAsyncDisposable
{
    private readonly List<ReplicaProcess> _processes = [];

    private SuiteProcesses(RedisServer redis) => Redis = redis;

    /// <summary>Where databases and scripts are.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("benchmark-").FullName;

    /// <summary>Their Redis.</summary>
    public RedisServer Redis { get; }

    /// <summary>Starts a Redis, and nothing else yet.</summary>
    public static async Task<SuiteProcesses> StartAsync() => new(await RedisServer.StartAsync());

    /// <summary>An address that nobody listens on yet.</summary>
    public static string FreeAddress() => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Eventually.FreePort()}");

    /// <summary>Settings that say where a backend's replicas are.</summary>
    public static IEnumerable<(string Key, string Value)> Backend(string name, params ReplicaProcess[] replicas) =>
        replicas.Select((r, i) => (string.Create(CultureInfo.InvariantCulture, $"Backends__{name}__Addresses__{i}"), r.Address));

    /// <summary>
    /// Settings that make calls slow or fail, a rule each: "Method=/users.v1.UsersService/GetUser Delay=00:00:02 Probability=0.5". They also
    /// put the process into the Development environment, where alone they exist.
    /// </summary>
    public static IEnumerable<(string Key, string Value)> Faults(params string[] rules) =>
        rules.SelectMany((rule, i) => rule.Split(' ').Select(part => part.Split('=')).Select(p => (string.Create(CultureInfo.InvariantCulture, $"Faults__Rules__{i}__{p[0]}"), p[1])))
            .Prepend(("ASPNETCORE_ENVIRONMENT", "Development"));

    /// <summary>Starts a process, and does not wait until it is ready.</summary>
    /// <param name="folder">The project: "services/Orders".</param>
    /// <param name="database">The name of its database; replicas have the same.</param>
    /// <param name="settings">Environment variables.</param>
    public ReplicaProcess Start(string folder, string database, params IEnumerable<(string Key, string Value)> settings)
    {
        var all = new Dictionary<string, string>
        {
            ["ConnectionStrings__Database"] = $"Data Source={Path.Combine(Folder, database)}.db",
            ["ConnectionStrings__Redis"] = Redis.ConnectionString,
        };
        foreach (var (key, value) in settings)
            all[key] = value;
        var process = new ReplicaProcess(folder, all);
        _processes.Add(process);
        return process;
    }

    /// <summary>Returns when all that were started are ready.</summary>
    public Task UntilReadyAsync() => Task.WhenAll(_processes.Where(p => p.IsRunning).Select(p => p.UntilReadyAsync()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        await Redis.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
