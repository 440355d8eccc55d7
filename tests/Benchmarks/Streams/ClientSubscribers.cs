using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>The suite's own client, as it is registered by a service; it chooses a replica for each stream, and another when that is gone.</summary>
internal sealed class ClientSubscribers : Subscribers
{
    private readonly ServiceProvider services;
    private readonly EventStreamClient<OrderEvent> client;
    private readonly CancellationTokenSource over = new();
    private readonly List<Task> reading = [];

    public ClientSubscribers(Subscribe wanted, Arrivals arrivals)
        : base(wanted, arrivals)
    {
        services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.None))
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder()
                .AddInMemoryCollection(wanted.Addresses.Select((address, i) => KeyValuePair.Create($"Backends:Orders:Addresses:{i}", (string?)address)))
                .Build())
            .AddEventStreamClient(OrdersService.WatchOrders, "Backends:Orders", options => options.Token = LoadToken.GetAsync)
            .BuildServiceProvider();
        client = services.GetRequiredService<EventStreamClient<OrderEvent>>();
    }

    public override async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await Task.WhenAll(reading);
        await services.DisposeAsync();
        over.Dispose();
    }

    protected override Task OpenAsync(string address, (string Topic, Subscription Subscription)[] topics)
    {
        var stands = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (reading)
            reading.Add(ReadAsync(topics.Single().Topic, topics[0].Subscription, stands));
        return stands.Task;
    }

    private async Task ReadAsync(string userId, Subscription subscription, TaskCompletionSource stands)
    {
        try
        {
            await foreach (var item in client.SubscribeAsync(new() { Key = userId }, over.Token))
            {
                stands.TrySetResult();
                if (item is ReceivedReset<OrderEvent>)
                    await Console.Error.WriteLineAsync($"A reset of {userId}");
                if (item is not ReceivedEvents<OrderEvent> batch)
                    continue;
                var now = DateTime.UtcNow.Ticks;
                foreach (var e in batch.Events)
                    subscription.Add(e.Order.Version, e.Time.ToDateTime().Ticks, now);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The measurement is over.
        }
    }
}
