using System.Diagnostics;
using System.Globalization;
using HdrHistogram;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Benchmarks.Scale;

/// <summary>Follow the orders of users, and place orders for them at a rate.</summary>
/// <param name="Address">Orders.</param>
/// <param name="UserIds">Whose: each is a topic.</param>
/// <param name="Subscribers">How many follow each, on a stream of its own.</param>
/// <param name="PerSecond">Orders to place a second, for each user in turn.</param>
/// <param name="Seconds">How long.</param>
internal sealed record WatchLoadRequest(string Address, string[] UserIds, int Subscribers, double PerSecond, double Seconds);

/// <summary>How long events took, from when the order was due to be placed to the subscriber; and how many were due and never came.</summary>
internal sealed record WatchLoadResult(Latencies Deliveries, long Missing);

/// <summary>Subscribers to Orders, and somebody who orders. They stay subscribed from one request to the next.</summary>
internal static class WatchLoad
{
    public static async Task RunAsync(LoadChannel channel, CancellationToken cancellationToken)
    {
        if (await channel.ReadAsync<WatchLoadRequest>(cancellationToken) is not { } first)
            return;
        await using var watchers = await Watchers.StartAsync(first, cancellationToken);
        using var grpc = Tokens.Channel(first.Address, LoadToken.Value);
        var orders = new OrdersService.OrdersServiceClient(grpc);
        for (var request = first; request is not null; request = await channel.ReadAsync<WatchLoadRequest>(cancellationToken))
            await channel.WriteAsync(await MeasureAsync(request, orders, watchers, cancellationToken), cancellationToken);
    }

    private static async Task<WatchLoadResult> MeasureAsync(WatchLoadRequest request, OrdersService.OrdersServiceClient orders, Watchers watchers, CancellationToken cancellationToken)
    {
        watchers.Latencies.Reset();
        using var stream = orders.PlaceOrders(cancellationToken: cancellationToken);
        var answers = Task.Run(async () =>
        {
            while (await stream.ResponseStream.MoveNext(cancellationToken))
            {
            }
        }, cancellationToken);
        var count = (int)(request.PerSecond * request.Seconds);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var due = start + (long)(i / request.PerSecond * Stopwatch.Frequency);
            if (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due) is { Ticks: > 0 } early)
                await Task.Delay(early, cancellationToken);
            var order = Seed.Order(request.UserIds[i % request.UserIds.Length], 1);
            // The event brings it back: when the order was due.
            order.Lines[0].ProductId = due.ToString(CultureInfo.InvariantCulture);
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "r", Command = order }, cancellationToken);
        }

        await stream.RequestStream.CompleteAsync();
        await answers;
        var expected = (long)count * request.Subscribers;
        for (var waiting = Stopwatch.GetTimestamp(); watchers.Latencies.TotalCount < expected && Stopwatch.GetElapsedTime(waiting) < TimeSpan.FromSeconds(10);)
            await Task.Delay(10, cancellationToken);
        return new(Harness.Latencies.Of(watchers.Latencies), expected - watchers.Latencies.TotalCount);
    }

    private sealed class Watchers : IAsyncDisposable
    {
        private readonly CancellationTokenSource _over = new();
        private readonly ServiceProvider _services;
        private Task _watching = Task.CompletedTask;
        private int _subscribed;

        private Watchers(string address) => _services = new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Orders:Addresses:0", (string?)address)]).Build())
            .AddEventStreamClient(OrdersService.WatchOrders, "Orders", options => options.Token = LoadToken.GetAsync)
            .BuildServiceProvider();

        public LongConcurrentHistogram Latencies { get; } = new(1, 600_000_000, 3);

        public static async Task<Watchers> StartAsync(WatchLoadRequest request, CancellationToken cancellationToken)
        {
            var watchers = new Watchers(request.Address);
            var client = watchers._services.GetRequiredService<EventStreamClient<OrderEvent>>();
            var wanted = request.UserIds.SelectMany(id => Enumerable.Repeat(id, request.Subscribers)).ToArray();
            watchers._watching = Task.WhenAll(wanted.Select(id => watchers.WatchAsync(client, id)));
            while (Volatile.Read(ref watchers._subscribed) < wanted.Length && !watchers._watching.IsCompleted)
                await Task.Delay(10, cancellationToken);
            return watchers;
        }

        public async ValueTask DisposeAsync()
        {
            await _over.CancelAsync();
            await _watching;
            await _services.DisposeAsync();
            _over.Dispose();
        }

        private async Task WatchAsync(EventStreamClient<OrderEvent> client, string userId)
        {
            try
            {
                await foreach (var item in client.SubscribeAsync(new() { Key = userId }, _over.Token))
                {
                    if (item is ReceivedSubscribed<OrderEvent>)
                        Interlocked.Increment(ref _subscribed);
                    else if (item is ReceivedEvents<OrderEvent> received)
                        Record(received.Events);
                }
            }
            catch (OperationCanceledException) when (_over.IsCancellationRequested)
            {
                // Enough was seen.
            }
        }

        private void Record(IReadOnlyList<OrderEvent> events)
        {
            foreach (var e in events)
            {
                var due = long.Parse(e.Order.Lines[0].ProductId, CultureInfo.InvariantCulture);
                Latencies.RecordValue(Math.Clamp((long)Stopwatch.GetElapsedTime(due).TotalMicroseconds, 1, 600_000_000));
            }
        }
    }
}
