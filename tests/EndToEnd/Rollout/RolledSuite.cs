using System.Diagnostics;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.EndToEnd.Rollout;

/// <summary>Replicas of every service as processes, two of each unless told otherwise, each service over one PostgreSQL database, all over one redis-server.</summary>
public sealed class RolledSuite : IAsyncDisposable
{
    private static readonly string[] Worries = ["\"LogLevel\":\"Warning\"", "\"LogLevel\":\"Error\"", "\"LogLevel\":\"Critical\"", "   at ", "Unhandled exception"];
    private readonly List<IAsyncDisposable> parts = [];
    private WholeSuite services = null!;

    /// <summary>The replicas of Users.</summary>
    public ReplicaProcess[] Users => services["users"];

    /// <summary>The replicas of Orders.</summary>
    public ReplicaProcess[] Orders => services["orders"];

    /// <summary>The replicas of Notifications.</summary>
    public ReplicaProcess[] Notifications => services["notifications"];

    /// <summary>The replicas of the gateway.</summary>
    public ReplicaProcess[] Gateways => services["gateway"];

    /// <summary>All of them, what is depended on first.</summary>
    public IReadOnlyList<ReplicaProcess> All => services.All;

    /// <summary>What they have logged as warnings and errors, or with a stack trace.</summary>
    public IEnumerable<string> Complaints => All.SelectMany(r => r.Output.Split('\n')
        .Where(line => Worries.Any(worry => line.Contains(worry, StringComparison.Ordinal)))
        .Select(line => $"{r.Service}: {line}"));

    /// <summary>What they are called by over HTTP.</summary>
    public ReadyGateways Http { get; private set; } = null!;

    /// <summary>Follows orders at whichever replica of Orders is there.</summary>
    public EventStreamClient<OrderEvent> WatchOrders { get; private set; } = null!;

    /// <summary>Starts all, and returns when they are ready.</summary>
    /// <param name="drain">How each process stops: how long it goes on serving, and how long its streams have then.</param>
    /// <param name="replicas">How many of each service.</param>
    public static async Task<RolledSuite> StartAsync((TimeSpan Delay, TimeSpan Window) drain, int replicas = 2)
    {
        var suite = new RolledSuite();
        try
        {
            await suite.StartPartsAsync(drain, replicas);
            return suite;
        }
        catch
        {
            await suite.DisposeAsync();
            throw;
        }
    }

    /// <summary>Replaces a process as a rollout does: SIGTERM, upon which it is no longer ready, its end, a new one, until that is ready.</summary>
    /// <returns>How long the end took.</returns>
    public static async Task<TimeSpan> ReplaceAsync(ReplicaProcess replica)
    {
        var told = Stopwatch.GetTimestamp();
        var code = await replica.StopAsync();
        var took = Stopwatch.GetElapsedTime(told);
        if (code != 0)
            throw new InvalidOperationException($"{replica.Service} ended with code {code}:\n{replica.Output}");
        replica.Start();
        await replica.UntilReadyAsync();
        return took;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        parts.Reverse();
        foreach (var part in parts)
            await part.DisposeAsync();
    }

    private async Task StartPartsAsync((TimeSpan Delay, TimeSpan Window) drain, int replicas)
    {
        var redis = Keep(await RedisServer.StartAsync());
        var postgres = Keep(await PostgresServer.StartAsync());
        // Many processes, and one server's connections.
        services = Keep(await WholeSuite.StartAsync(async _ => $"{await postgres.CreateDatabaseAsync()};Maximum Pool Size=25", new Dictionary<string, string>
        {
            ["ConnectionStrings__Redis"] = redis.ConnectionString,
            ["Drain__Delay"] = drain.Delay.ToString(),
            ["Drain__Window"] = drain.Window.ToString(),
            ["EventStreams__DrainWindow"] = (drain.Window / 2).ToString(),
        }, replicas));
        Http = Keep(new ReadyGateways(Gateways));
        WatchOrders = NewClient();
    }

    private EventStreamClient<OrderEvent> NewClient()
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        services.AddMetrics();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(Orders.Select((r, i) => KeyValuePair.Create($"Backends:Orders:Addresses:{i}", (string?)r.Address)))
            .Build());
        services.AddEventStreamClient(OrdersService.WatchOrders, "Backends:Orders", options => options.Token = Tokens.OperatorAsync);
        return Keep(services.BuildServiceProvider()).GetRequiredService<EventStreamClient<OrderEvent>>();
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        parts.Add(part);
        return part;
    }
}
