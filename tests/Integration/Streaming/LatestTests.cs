using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Net.Client;
using Microservices.EventLog;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>LATEST from the log in Redis to a reader at the other end of a socket.</summary>
public sealed class LatestTests
{
    private const int Events = 100_000;
    private const int Keys = 100;

    [Fact]
    public async Task A_slow_reader_of_a_hundred_thousand_events_gets_the_newest_of_each_key_last_and_costs_no_more_than_the_keys()
    {
        await using var redis = await RedisServer.StartAsync();
        // The log keeps all of it, and waits: on a busy machine, where a process subscribes anew, nothing is missing and nothing refused.
        await using var process = await LogProcess.StartAsync(redis.ConnectionString, new()
        {
            ["EventLog:MaxTransientEvents"] = "1000000",
            ["EventLog:MaxTransientBytes"] = "1073741824",
            ["EventLog:CommandTimeout"] = "00:01:00",
        });
        var source = new LatestSource(process.Log);
        await using var host = await EventsHost.StartAsync(source, ("WriteTimeout", "01:00:00"), ("ClientTimeout", "01:00:00"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = new OrdersService.OrdersServiceClient(channel).WatchOrders();
        await stream.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = 1, Delivery = EventDelivery.Latest } });
        await stream.NextAsync();
        var depths = new List<long>();
        var meters = process.Get<IMeterFactory>();
        using var depth = new MeterListener();
        depth.InstrumentPublished = (instrument, listener) =>
        {
            // Only this log's: tests that run beside this one have queues of their own.
            if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Name == "eventlog.queue.depth")
                listener.EnableMeasurementEvents(instrument);
        };
        depth.SetMeasurementEventCallback<long>((_, value, _, _) => depths.Add(value));
        depth.Start();

        var (received, newest) = (0, new Dictionary<string, long>());
        for (var number = 0; number < Events; number += 1_000)
        {
            Assert.All(await process.Log.AppendAsync([.. Enumerable.Range(number, 1_000).Select(Event)]), appended => Assert.Equal(AppendStatus.Appended, appended.Status));
            depth.RecordObservableInstruments();
            // A frame for every ten thousand events: what came meanwhile is conflated, or lies in the buffers of the transport.
            if (number % 10_000 == 0)
                await ReadAsync();
        }

        while (newest.Count < Keys || newest.Values.Any(n => n < Events - Keys))
            await ReadAsync();

        Assert.Equal(Enumerable.Range(Events - Keys, Keys).Select(n => (long)n), newest.Values.Order());
        Assert.InRange(received, Keys, Events / 2);
        Assert.NotEmpty(depths);
        Assert.All(depths, d => Assert.InRange(d, 0, Keys));

        async Task ReadAsync()
        {
            foreach (var e in await stream.NextEventsAsync())
            {
                var number = long.Parse(e.Order.OrderId, CultureInfo.InvariantCulture);
                Assert.True(!newest.TryGetValue(e.Order.UserId, out var last) || last < number, "an older one after a newer");
                newest[e.Order.UserId] = number;
                received++;
            }
        }
    }

    private static NewEvent Event(int number)
    {
        var key = (number % Keys).ToString(CultureInfo.InvariantCulture);
        var order = new Order { OrderId = number.ToString(CultureInfo.InvariantCulture), UserId = key };
        // As large as an order with a few lines.
        order.Lines.Add(new OrderLine { ProductId = new string('x', 500) });
        return NewEvent.Transient(LatestSource.Topic, new OrderEvent { Order = order }.ToByteArray(), key);
    }

    private sealed class LatestSource(IEventLog log) : IEventSource<WatchOrdersRequest>
    {
        public const string Topic = "test/latest";

        public async IAsyncEnumerable<EventSourceItem> SubscribeAsync(WatchOrdersRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await using var events = log.Subscribe([Topic], null, Delivery.Latest);
            await foreach (var item in events.WithCancellation(cancellationToken))
            {
                if (item is EventBatch batch)
                    yield return new EncodedEvents([.. batch.Events.Select(e => e.Payload)], batch.Cursor.ToString());
                else if (item is Subscribed subscribed)
                    yield return new EventsSubscribed(subscribed.Recovered, subscribed.Cursor.ToString());
                else
                    throw new InvalidOperationException($"A {item.GetType().Name} of a log that lost nothing.");
            }
        }
    }
}
