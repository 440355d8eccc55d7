using Microservices.EventLog;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>Appends to the event log, to the topics that Orders serves WatchOrders from.</summary>
internal sealed class LogPublisher(IHost host) : Publisher
{
    private readonly IEventLog log = host.Services.GetRequiredService<IEventLog>();

    public static async Task<LogPublisher> StartAsync(string redis)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Redis", redis)]);
        builder.AddEventLog();
        var host = builder.Build();
        await host.StartAsync();
        return new(host);
    }

    public override async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }

    protected override async Task PublishAsync(IReadOnlyList<(string Topic, byte[] Payload)> events)
    {
        var results = await log.AppendAsync([.. events.Select(e => NewEvent.Transient($"orders/user/{e.Topic}", e.Payload) with { TraceContext = Sampling.NextCause() })]);
        if (results.Any(r => !r.IsInLog))
            throw new InvalidOperationException("An event was not appended.");
    }
}

/// <summary>Sends to the groups, as any process of the backplane may.</summary>
internal sealed class SignalRPublisher(string redis) : Publisher
{
    private readonly ServiceProvider services = Services(redis);

    public override ValueTask DisposeAsync() => services.DisposeAsync();

    protected override Task PublishAsync(IReadOnlyList<(string Topic, byte[] Payload)> events)
    {
        var clients = services.GetRequiredService<IHubContext<TopicHub>>().Clients;
        return Task.WhenAll(events.Select(e => clients.Group(e.Topic).SendAsync(TopicHub.Event, e.Payload)));
    }

    private static ServiceProvider Services(string redis)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        services.AddSignalR().AddMessagePackProtocol().AddStackExchangeRedis(redis);
        return services.BuildServiceProvider();
    }
}

/// <summary>Publishes to the one channel of the bare streams.</summary>
internal sealed class BarePublisher(ConnectionMultiplexer redis) : Publisher
{
    public static async Task<BarePublisher> ConnectAsync(string address) => new(await ConnectionMultiplexer.ConnectAsync(address));

    public override ValueTask DisposeAsync() => redis.DisposeAsync();

    protected override Task PublishAsync(IReadOnlyList<(string Topic, byte[] Payload)> events) =>
        Task.WhenAll(events.Select(e => redis.GetSubscriber().PublishAsync(RedisChannel.Literal("bare"), e.Payload)));
}
