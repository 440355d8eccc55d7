using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.EndToEnd.Streams;

/// <summary>Users, two replicas of Orders over one PostgreSQL and one redis-server, all of them processes, and a client of their event streams.</summary>
public sealed class OrdersUnderTest : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> parts = [];

    /// <summary>Redis.</summary>
    public RedisServer Redis { get; private set; } = null!;

    /// <summary>The replicas of Orders.</summary>
    public ReplicaProcess[] Replicas { get; private set; } = [];

    /// <summary>Follows orders at whichever replica is there.</summary>
    public EventStreamClient<OrderEvent> Client { get; private set; } = null!;

    /// <summary>Starts everything.</summary>
    public static Task<OrdersUnderTest> StartAsync(params (string Key, string Value)[] ordersSettings) => StartAsync([], ordersSettings);

    /// <summary>Starts everything, Redis with arguments of its own.</summary>
    public static async Task<OrdersUnderTest> StartAsync(string[] redisArguments, params (string Key, string Value)[] ordersSettings)
    {
        var all = new OrdersUnderTest();
        try
        {
            all.Redis = all.Keep(await RedisServer.StartAsync(redisArguments));
            var postgres = all.Keep(await PostgresServer.StartAsync());
            var users = all.Keep(new ReplicaProcess("services/Users", new Dictionary<string, string>
            {
                ["ConnectionStrings__Database"] = await postgres.CreateDatabaseAsync(),
                ["ConnectionStrings__Redis"] = all.Redis.ConnectionString,
            }));
            all.UsersAddress = users.Address;
            var settings = new Dictionary<string, string>
            {
                ["ConnectionStrings__Database"] = await postgres.CreateDatabaseAsync(),
                ["ConnectionStrings__Redis"] = all.Redis.ConnectionString,
                ["Backends__Users__Addresses__0"] = users.Address,
            };
            foreach (var (key, value) in ordersSettings)
                settings[key.Replace(":", "__", StringComparison.Ordinal)] = value;
            all.Replicas = [all.Keep(new ReplicaProcess("services/Orders", settings)), all.Keep(new ReplicaProcess("services/Orders", settings))];
            await Task.WhenAll(all.Replicas.Append(users).Select(r => r.UntilReadyAsync()));
            all.Client = all.NewClient();
            return all;
        }
        catch
        {
            await all.DisposeAsync();
            throw;
        }
    }

    /// <summary>The address of Users.</summary>
    public string UsersAddress { get; private set; } = "";

    /// <summary>A client of its own, with connections of its own, to some of the replicas or to all.</summary>
    public EventStreamClient<OrderEvent> NewClient(params ReplicaProcess[] to) =>
        Keep(ClientOf((to.Length > 0 ? to : Replicas).Select(r => r.Address))).GetRequiredService<EventStreamClient<OrderEvent>>();

    /// <summary>Has a client, with connections of its own, of the event streams of replicas; with the token of an operator of the tests' authority, or another.</summary>
    public static ServiceProvider ClientOf(IEnumerable<string> addresses, Func<CancellationToken, ValueTask<string>>? token = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        services.AddMetrics();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(addresses.Select((address, i) => KeyValuePair.Create($"Backends:Orders:Addresses:{i}", (string?)address)))
            .Build());
        services.AddEventStreamClient(OrdersService.WatchOrders, "Backends:Orders", options => options.Token = token ?? Tokens.OperatorAsync);
        return services.BuildServiceProvider();
    }

    /// <summary>The replica that relays the outbox at the moment, while there is something to relay.</summary>
    public async Task<ReplicaProcess> RelayAsync()
    {
        var before = await Task.WhenAll(Replicas.Select(r => r.MetricAsync("outbox_events_relayed_total")));
        ReplicaProcess? relay = null;
        await Eventually.UntilAsync(async () =>
        {
            var now = await Task.WhenAll(Replicas.Select(r => r.MetricAsync("outbox_events_relayed_total")));
            relay = Replicas.Zip(now.Zip(before, (n, b) => n - b)).Where(x => x.Second > 0).OrderByDescending(x => x.Second).Select(x => x.First).FirstOrDefault();
            return relay is not null;
        }, "a replica relays");
        return relay!;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        parts.Reverse();
        foreach (var part in parts)
            await part.DisposeAsync();
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        parts.Add(part);
        return part;
    }
}
