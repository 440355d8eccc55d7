using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>The server of event streams as the wire sees it: any gRPC client, and clients that do not keep the rules.</summary>
public sealed class EventsServerTests
{
    [Fact]
    public async Task Many_subscriptions_share_a_stream_each_in_order()
    {
        var log = new EventsMemoryLog();
        log.Append(95);
        await using var host = await EventsHost.StartAsync(log);
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = Watch(channel);
        for (var id = 1u; id <= 50; id++)
            await SubscribeAsync(stream, id);
        log.Append(5);

        var seen = new Dictionary<uint, List<string>>();
        while (seen.Count < 50 || seen.Values.Any(s => s.Count < 100))
        {
            if ((await NextAsync(stream)).Events is { } batch)
                (seen.TryGetValue(batch.SubscriptionId, out var list) ? list : seen[batch.SubscriptionId] = []).AddRange(batch.Events.Select(e => e.Order.OrderId));
        }

        Assert.All(seen.Values, ids => Assert.Equal(Enumerable.Range(1, 100).Select(i => $"{i}"), ids));
    }

    [Fact]
    public async Task Events_are_encoded_once_for_all_subscriptions_of_all_streams()
    {
        var log = new EventsMemoryLog();
        log.Append(95);
        await using var host = await EventsHost.StartAsync(log);
        using var channel = GrpcChannel.ForAddress(host.Address);
        for (var i = 0; i < 3; i++)
        {
            using var stream = Watch(channel);
            for (var id = 1u; id <= 4; id++)
            {
                // One after the other: two that ask for a page at the same moment may both encode it.
                await SubscribeAsync(stream, id);
                await ReadEventsAsync(stream, 95);
            }
        }

        Assert.Equal(95, log.Encoded);
    }

    [Fact]
    public async Task A_bad_request_fails_its_subscription_only()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, ("MaxSubscriptions", "2"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = Watch(channel);
        await SubscribeAsync(stream, 1);
        Assert.Equal((1u, "0", true), (await NextAsync(stream)).Subscribed is { } s ? (s.SubscriptionId, s.Cursor, s.Recovered) : default);

        await SubscribeAsync(stream, 1);
        Assert.Equal((1u, StatusCode.AlreadyExists), await FailureAsync(stream));
        await SubscribeAsync(stream, 2, s => s.Cursor = "nonsense");
        Assert.Equal((2u, StatusCode.InvalidArgument), await FailureAsync(stream));
        await SubscribeAsync(stream, 3, s => s.Key = "throws");
        Assert.Equal((3u, StatusCode.Internal), await FailureAsync(stream));
        await SubscribeAsync(stream, 4, s => s.Delivery = (EventDelivery)9);
        Assert.Equal((4u, StatusCode.InvalidArgument), await FailureAsync(stream));
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Unsubscribe = new EventUnsubscribe { SubscriptionId = 9 } });
        Assert.Equal((9u, StatusCode.NotFound), await FailureAsync(stream));
        await SubscribeAsync(stream, 5);
        Assert.NotNull((await NextAsync(stream)).Subscribed);
        await SubscribeAsync(stream, 6);
        Assert.Equal((6u, StatusCode.ResourceExhausted), await FailureAsync(stream));

        log.Append(1);
        Assert.Equal("1", Assert.Single((await NextAsync(stream)).Events.Events).Order.OrderId);
    }

    [Fact]
    public async Task A_busy_subscription_does_not_starve_another()
    {
        var log = new EventsMemoryLog();
        // More than windows and buffers hold: the busy one is still at it when the other comes, however late that is.
        log.Append(5000, padding: 1000);
        await using var host = await EventsHost.StartAsync(log);
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = Watch(channel);
        await SubscribeAsync(stream, 1);
        await SubscribeAsync(stream, 2, s => s.Cursor = "4990");

        var before = 0;
        while ((await NextAsync(stream)).Events is not { SubscriptionId: 2 })
            before++;

        Assert.True(before < 400, $"{before} frames of the busy subscription came before the one of the other");
    }

    [Fact]
    public async Task A_reader_that_stalls_is_cut_off_and_disturbs_no_other_while_memory_stays_bounded()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "00:00:01"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stalled = Watch(channel);
        await SubscribeAsync(stalled, 1);
        await Eventually.UntilAsync(() => log.Subscribed == 1, "subscribed");
        log.Append(5000, padding: 1000);

        using var well = Watch(channel);
        await SubscribeAsync(well, 1);
        await ReadEventsAsync(well, 5000);
        await Eventually.UntilAsync(() => !host.Ends.IsEmpty, "the stalled stream is cut off");

        Assert.Equal(StatusCode.ResourceExhausted, Assert.Single(host.Ends));
        // 500 pages were read for the one; the other took what windows and buffers hold, not its 5 MB.
        Assert.InRange(log.Pulled - 500, 1, 100);
        log.Append(1);
        await ReadEventsAsync(well, 1);
    }

    [Fact]
    public async Task A_reader_that_stalls_waits_and_catches_up_when_it_is_allowed_to()
    {
        var log = new EventsMemoryLog();
        log.Append(5000, padding: 1000);
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = Watch(channel);
        await SubscribeAsync(stream, 1);

        Assert.InRange(await Eventually.StandsStillAsync(() => log.Pulled, "it stalls"), 1, 99);
        await ReadEventsAsync(stream, 5000);
    }

    [Fact]
    public async Task A_reader_that_stalls_and_says_that_it_is_there_is_not_taken_for_silent_and_catches_up()
    {
        var log = new EventsMemoryLog();
        log.Append(5000, padding: 1000);
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"), ("ClientTimeout", "00:00:01"), ("MaxQueuedBytes", "1024"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = Watch(channel);
        await SubscribeAsync(stream, 1);
        using var over = new CancellationTokenSource();
        var stalled = new TaskCompletionSource();
        var beating = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            for (var i = 0; !over.IsCancellationRequested && await timer.WaitForNextTickAsync(); i++)
            {
                await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Heartbeat = new EventHeartbeat() });
                // Twice as long as a silent client would have.
                if (i == 20)
                    stalled.SetResult();
            }
        });
        await stalled.Task.WaitAsync(Eventually.Timeout);

        await ReadEventsAsync(stream, 5000);
        Assert.Empty(host.Ends);
        await over.CancelAsync();
        await beating;
    }

    [Fact]
    public async Task Readers_that_stall_are_cut_off_sooner_than_they_may_stall_when_too_much_waits_for_all_of_them_together()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"), ("MaxTotalQueuedBytes", $"{300_000}"), ("MaxQueuedBytes", "100000"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var well = Watch(channel);
        await SubscribeAsync(well, 1);
        var stalled = Enumerable.Range(0, 8).Select(_ => Watch(channel)).ToList();
        foreach (var stream in stalled)
        {
            for (var id = 1u; id <= 20; id++)
                await SubscribeAsync(stream, id);
        }

        await Eventually.UntilAsync(() => log.Subscribed == 161, "subscribed");
        log.Append(2000, padding: 1000);
        await ReadEventsAsync(well, 2000);
        await Eventually.UntilAsync(() => host.Ends.Count >= 4, "enough of them are cut off");

        Assert.All(host.Ends, end => Assert.Equal(StatusCode.ResourceExhausted, end));
        log.Append(1);
        await ReadEventsAsync(well, 1);
        stalled.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task A_drain_does_not_wait_for_a_reader_that_stalls_however_long_that_is_allowed_otherwise()
    {
        var log = new EventsMemoryLog();
        log.Append(5000, padding: 1000);
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"), ("DrainWindow", "00:00:00"), ("DrainTimeout", "00:00:00.5"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = Watch(channel);
        await SubscribeAsync(stream, 1);
        await Eventually.StandsStillAsync(() => log.Pulled, "it stalls");

        await host.DrainAsync();
        await Eventually.UntilAsync(() => !host.Ends.IsEmpty, "the stream is ended");

        Assert.Equal(StatusCode.ResourceExhausted, Assert.Single(host.Ends));
    }

    [Fact]
    public async Task A_slow_reader_of_LATEST_gets_the_newest_of_each_key_and_few_besides()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = Watch(channel);
        await SubscribeAsync(stream, 1, s => s.Delivery = EventDelivery.Latest);
        await Eventually.UntilAsync(() => log.Subscribed == 1, "subscribed");
        for (var i = 0; i < 500; i++)
            log.Append(100, padding: 1000);

        var (count, newest) = (0, new Dictionary<char, int>());
        while (newest.Count < 10 || newest.Values.Any(v => v <= 49_990))
        {
            foreach (var e in (await NextAsync(stream)).Events?.Events ?? [])
            {
                var id = int.Parse(e.Order.OrderId, System.Globalization.CultureInfo.InvariantCulture);
                Assert.True(!newest.TryGetValue(e.Order.OrderId[^1], out var last) || last < id);
                newest[e.Order.OrderId[^1]] = id;
                count++;
            }
        }

        Assert.InRange(count, 10, 10_000);
    }

    [Fact]
    public async Task Three_hundred_streams_opened_and_ended_in_a_row_do_not_upset_the_server()
    {
        var log = new EventsMemoryLog();
        log.Append(1);
        await using var host = await EventsHost.StartAsync(log);
        using var channel = GrpcChannel.ForAddress(host.Address);
        for (var i = 0; i < 300; i++)
        {
            using var stream = Watch(channel);
            await SubscribeAsync(stream, 1);
            await ReadEventsAsync(stream, 1);
            await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Unsubscribe = new EventUnsubscribe { SubscriptionId = 1 } });
            await stream.RequestStream.CompleteAsync();
            Assert.False(await stream.ResponseStream.MoveNext());
        }

        Assert.All(host.Ends, end => Assert.Equal(StatusCode.OK, end));
    }

    [Fact]
    public async Task An_idle_stream_has_heartbeats_and_a_silent_client_is_given_up_unless_it_has_half_closed()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, ("HeartbeatInterval", "00:00:00.1"), ("ClientTimeout", "00:00:01"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var halfClosed = Watch(channel);
        await SubscribeAsync(halfClosed, 1);
        await halfClosed.RequestStream.CompleteAsync();
        using var silent = Watch(channel);

        Assert.NotNull((await NextAsync(silent)).Heartbeat);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
                await NextAsync(silent);
        });

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        log.Append(1);
        await ReadEventsAsync(halfClosed, 1);
    }

    private static AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> Watch(GrpcChannel channel) =>
        new OrdersService.OrdersServiceClient(channel).WatchOrders();

    private static Task SubscribeAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, uint id, Action<Subscription>? change = null)
    {
        var subscription = new Subscription { SubscriptionId = id, FromEarliest = true };
        change?.Invoke(subscription);
        return stream.RequestStream.WriteAsync(new WatchOrdersRequest { Subscribe = subscription });
    }

    private static async Task<WatchOrdersResponse> NextAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream)
    {
        Assert.True(await stream.ResponseStream.MoveNext().WaitAsync(Eventually.Timeout));
        return stream.ResponseStream.Current;
    }

    private static async Task<(uint Id, StatusCode Code)> FailureAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream)
    {
        var failed = (await NextAsync(stream)).Failed;
        Assert.DoesNotContain("secret", failed.Status.Message, StringComparison.Ordinal);
        return (failed.SubscriptionId, (StatusCode)failed.Status.Code);
    }

    private static async Task ReadEventsAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, int count)
    {
        while (count > 0)
            count -= (await NextAsync(stream)).Events?.Events.Count ?? 0;
        Assert.Equal(0, count);
    }
}
