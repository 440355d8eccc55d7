using Microservices.Tests.Support;
using Microservices.Tests.Support.Otlp;
using Xunit;

namespace Microservices.Tests.EndToEnd.Tracing;

/// <summary>All services as processes on free ports, over one redis-server and SQLite or PostgreSQL, and the collector that they send everything to.</summary>
public sealed class TracedSuite : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("traced-").FullName;
    private readonly List<IAsyncDisposable> parts = [];

    /// <summary>What the processes have sent.</summary>
    public OtlpCollector Collector { get; private set; } = null!;

    /// <summary>The processes.</summary>
    public WholeSuite Services { get; private set; } = null!;

    /// <summary>Their Redis.</summary>
    public RedisServer Redis { get; private set; } = null!;

    /// <summary>Talks to the gateway's REST port.</summary>
    public HttpClient Rest { get; private set; } = null!;

    /// <summary>The gRPC address of a service.</summary>
    public string this[string service] => Services[service][0].Address;

    /// <summary>Starts it.</summary>
    /// <param name="postgres">Its databases; null: files.</param>
    /// <param name="settings">What all processes are told beside where the collector is.</param>
    public static async Task<TracedSuite> StartAsync(PostgresServer? postgres, params (string Key, string Value)[] settings)
    {
        var suite = new TracedSuite();
        try
        {
            await suite.StartAsync(service => postgres?.CreateDatabaseAsync() ?? suite.FileOf(service), settings);
            return suite;
        }
        catch
        {
            await suite.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task InitializeAsync() => StartAsync(FileOf, []);

    /// <summary>The span of a condition, once it has come.</summary>
    public async Task<ReceivedSpan> SpanAsync(string what, Func<ReceivedSpan, bool> isIt)
    {
        ReceivedSpan? found = null;
        try
        {
            await Eventually.UntilAsync(() => (found = Collector.Spans.FirstOrDefault(isIt)) is not null, what);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}; there are:\n{string.Join('\n', Collector.Spans)}");
        }

        return found!;
    }

    /// <summary>Makes a user.</summary>
    public async Task<string> NewUserAsync() => (await OrderLoad.NewUsersAsync(this["users"], 1))[0];

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        parts.Reverse();
        foreach (var part in parts)
            await part.DisposeAsync();
        Rest?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The connection string of a service's database, where that is a file.</summary>
    public Task<string> FileOf(string service) => Task.FromResult($"Data Source={Path.Combine(folder, service)}.db");

    private async Task StartAsync(Func<string, Task<string>> database, (string Key, string Value)[] settings)
    {
        Collector = await OtlpCollector.StartAsync();
        parts.Add(Collector);
        Redis = await RedisServer.StartAsync();
        parts.Add(Redis);
        var all = new Dictionary<string, string>(Collector.Settings) { ["ConnectionStrings__Redis"] = Redis.ConnectionString };
        foreach (var (key, value) in settings)
            all[key] = value;
        Services = await WholeSuite.StartAsync(database, all);
        parts.Add(Services);
        Rest = Tokens.Rest(Services["gateway"][0].HttpPort);
    }
}

/// <summary>A trace that a caller has begun.</summary>
internal sealed class CallersTrace
{
    private readonly byte[] trace = Bytes(16);
    private readonly byte[] span = Bytes(8);

    /// <summary>Its id, in hex.</summary>
    public string Id => Convert.ToHexStringLower(trace);

    /// <summary>The caller's span, in hex.</summary>
    public string SpanId => Convert.ToHexStringLower(span);

    /// <summary>As in the header traceparent, sampled.</summary>
    public string Header => $"00-{Id}-{SpanId}-01";

    /// <summary>As in the frames of a stream.</summary>
    public byte[] Context => [.. trace, .. span];

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }
}
