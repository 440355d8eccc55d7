using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>The client of event streams over real sockets, with replicas that go away.</summary>
public sealed class EventsClientTests(ITestOutputHelper print)
{
    [Fact]
    public async Task A_subscriber_whose_replica_is_killed_gets_every_event_once_in_order_from_another()
    {
        var log = new EventsMemoryLog();
        await using var first = await EventsHost.StartAsync(log);
        await using var second = await EventsHost.StartAsync(log);
        await using var watch = new Watcher(first, second);
        var reading = watch.ReadAsync(2000);
        for (var i = 0; i < 100; i++)
        {
            log.Append(10);
            await Eventually.UntilAsync(() => watch.Ids.Count >= 10 * i, "it keeps up");
        }

        await (first.Open > 0 ? first : second).KillAsync();
        for (var i = 0; i < 100; i++)
            log.Append(10);
        await reading;

        Assert.Equal(Enumerable.Range(1, 2000), watch.Ids);
        Assert.Equal(0, watch.Resets);
    }

    [Fact]
    public async Task Streams_that_are_drained_go_on_at_another_replica_and_none_is_reset()
    {
        var log = new EventsMemoryLog();
        await using var first = await EventsHost.StartAsync(log, ("DrainWindow", "00:00:00.5"));
        await using var second = await EventsHost.StartAsync(log);
        await using var both = new Watcher(first, second);
        var watchers = Enumerable.Range(0, 30).Select(_ => new Watcher(both)).ToArray();
        var reading = watchers.Select(w => w.ReadAsync(600)).ToArray();
        log.Append(300);
        await Eventually.UntilAsync(() => watchers.All(w => w.Ids.Count == 300), "all have read the first half");
        var drained = first.Open;

        await first.DrainAsync();
        log.Append(300);
        await Task.WhenAll(reading);
        await Eventually.UntilAsync(() => first.Open == 0, "all have left");

        Assert.True(drained > 0);
        Assert.Equal(drained, first.Ends.Count);
        Assert.All(first.Ends, end => Assert.Equal(StatusCode.OK, end));
        Assert.All(watchers, w => Assert.Equal(Enumerable.Range(1, 600), w.Ids));
        Assert.All(watchers, w => Assert.Equal(0, w.Resets));
    }

    [Fact]
    public async Task When_all_replicas_have_said_that_they_leave_the_first_is_asked_again_since_it_may_be_back()
    {
        var log = new EventsMemoryLog();
        (string, string)[] away = [("ReconnectAfter", "00:01:00"), ("DrainWindow", "00:00:00")];
        await using var first = await EventsHost.StartAsync(log, away);
        await using var second = await EventsHost.StartAsync(log, away);
        await using var watch = new Watcher(first, second);
        var reading = watch.ReadAsync(2);
        await Eventually.UntilAsync(() => first.Open + second.Open == 1, "it follows");
        var (one, other) = first.Open == 1 ? (first, second) : (second, first);

        await one.DrainAsync();
        await Eventually.UntilAsync(() => other.Open == 1 && one.Open == 0, "it follows the other");
        log.Append(1);
        await one.KillAsync();
        await using var again = await EventsHost.StartAtAsync(one.Address.Port, log);
        var clock = Stopwatch.StartNew();
        await other.DrainAsync();
        await Eventually.UntilAsync(() => again.Open == 1, "it has come back");
        log.Append(1);
        await reading;

        // They said: not within a minute.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(40));
        Assert.Equal([1, 2], watch.Ids);
        Assert.Equal(0, watch.Resets);
    }

    [Fact]
    public async Task A_drain_of_two_thousand_streams_ends_all_of_them_in_good_order_within_its_window()
    {
        var log = new EventsMemoryLog();
        // They have nowhere else to go, and stay away. Who does not go of its own accord is cut off long after all should have.
        await using var first = await EventsHost.StartAsync(log, ("ReconnectAfter", "00:01:00"), ("DrainTimeout", "00:02:00"), ("WriteTimeout", "00:02:00"));
        await using var client = new Watcher([first], options =>
        {
            options.HeartbeatInterval = TimeSpan.FromSeconds(10);
            options.ConnectTimeout = options.EndTimeout = TimeSpan.FromMinutes(1);
        });
        var watchers = Enumerable.Range(0, 2000).Select(_ => new Watcher(client)).ToArray();
        using var over = new CancellationTokenSource();
        var reading = watchers.Select(w => w.ReadAsync(int.MaxValue, cancellationToken: over.Token)).ToArray();
        await Eventually.UntilAsync(() => log.Subscribed == 2000, "all have subscribed");
        log.Append(1);
        await Eventually.UntilAsync(() => watchers.All(w => w.Ids.Count == 1), "all read");

        var clock = Stopwatch.StartNew();
        await first.DrainAsync();
        await Eventually.UntilAsync(() => first.Open == 0, "all have left");

        print.WriteLine($"{first.Ends.Count} streams ended within {clock.Elapsed.TotalSeconds:0.0} s");
        // Asked over 2 s; twenty times that is broken.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(40));
        Assert.Equal(2000, first.Ends.Count);
        Assert.All(first.Ends, end => Assert.Equal(StatusCode.OK, end));
        await over.CancelAsync();
        await Task.WhenAll(reading.Select(r => r.ContinueWith(_ => { }, TaskScheduler.Default)));
    }

    [Fact]
    public async Task A_place_that_is_no_longer_held_surfaces_as_a_reset_and_events_go_on()
    {
        var log = new EventsMemoryLog { Oldest = 50 };
        log.Append(60);
        await using var host = await EventsHost.StartAsync(log);
        await using var watch = new Watcher(host);

        await watch.ReadAsync(10, "20");

        Assert.Equal(1, watch.Resets);
        Assert.Equal(Enumerable.Range(51, 10), watch.Ids);
    }

    [Fact]
    public async Task What_was_dealt_with_is_acknowledged_and_the_end_is_in_good_order()
    {
        var log = new EventsMemoryLog();
        log.Append(1);
        await using var host = await EventsHost.StartAsync(log);
        await using var watch = new Watcher(host);
        using var stop = new CancellationTokenSource();
        var reading = watch.ReadAsync(10, cancellationToken: stop.Token);
        await Eventually.UntilAsync(() => log.Acknowledged.Contains("1"), "acknowledged");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        await Eventually.UntilAsync(() => !host.Ends.IsEmpty, "ended");
        Assert.Equal(StatusCode.OK, Assert.Single(host.Ends));
    }

    [Fact]
    public async Task A_refusal_for_good_reaches_the_consumer()
    {
        await using var host = await EventsHost.StartAsync(new EventsMemoryLog());
        await using var watch = new Watcher(host);

        var error = await Assert.ThrowsAsync<RpcException>(() => watch.ReadAsync(1, "nonsense"));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    private sealed class Watcher : IAsyncDisposable
    {
        private readonly ServiceProvider? _services;
        private readonly EventStreamClient<OrderEvent> _client;

        public Watcher(params EventsHost[] hosts)
            : this(hosts, options => options.HeartbeatInterval = TimeSpan.FromMilliseconds(100))
        {
        }

        public Watcher(EventsHost[] hosts, Action<EventStreamClientOptions> configure)
        {
            _services = new ServiceCollection()
                .AddLogging()
                .AddMetrics()
                .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
                .AddEventStreamClient(OrdersService.WatchOrders, "Orders", o =>
                {
                    configure(o);
                    foreach (var host in hosts)
                        o.Addresses.Add(host.Address.ToString());
                })
                .BuildServiceProvider();
            _client = _services.GetRequiredService<EventStreamClient<OrderEvent>>();
        }

        /// <summary>Another subscription of the same client.</summary>
        public Watcher(Watcher other) => _client = other._client;

        public ConcurrentQueue<int> Ids { get; } = [];

        public int Resets { get; private set; }

        public async Task ReadAsync(int count, string cursor = "", CancellationToken cancellationToken = default)
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            // Who gives a token ends it by that.
            if (!cancellationToken.CanBeCanceled)
                timeout.CancelAfter(Eventually.Timeout);
            var subscription = new Subscription { Cursor = cursor, FromEarliest = true };
            await foreach (var item in _client.SubscribeAsync(subscription, timeout.Token))
            {
                if (item is ReceivedReset<OrderEvent>)
                    Resets++;
                foreach (var e in (item as ReceivedEvents<OrderEvent>)?.Events ?? [])
                    Ids.Enqueue(int.Parse(e.Order.OrderId, CultureInfo.InvariantCulture));
                if (Ids.Count >= count)
                    return;
            }
        }

        public ValueTask DisposeAsync() => _services?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
