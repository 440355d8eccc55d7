using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;

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
        using var stream = channel.WatchOrders();
        for (var id = 1u; id <= 50; id++)
            await stream.SubscribeAsync(id);
        log.Append(5);

        var seen = new Dictionary<uint, List<string>>();
        while (seen.Count < 50 || seen.Values.Any(s => s.Count < 100))
        {
            if ((await stream.NextAsync()).Events is { } batch)
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
            using var stream = channel.WatchOrders();
            for (var id = 1u; id <= 4; id++)
            {
                // One after the other: two that ask for a page at the same moment may both encode it.
                await stream.SubscribeAsync(id);
                await stream.ReadEventsAsync(95);
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
        using var stream = channel.WatchOrders();
        await stream.SubscribeAsync(1);
        Assert.Equal((1u, "0", true), (await stream.NextAsync()).Subscribed is { } s ? (s.SubscriptionId, s.Cursor, s.Recovered) : default);

        await stream.SubscribeAsync(1);
        Assert.Equal((1u, StatusCode.AlreadyExists), await stream.FailureAsync());
        await stream.SubscribeAsync(2, s => s.Cursor = "nonsense");
        Assert.Equal((2u, StatusCode.InvalidArgument), await stream.FailureAsync());
        await stream.SubscribeAsync(3, s => s.Key = "throws");
        Assert.Equal((3u, StatusCode.Internal), await stream.FailureAsync());
        await stream.SubscribeAsync(4, s => s.Delivery = (EventDelivery)9);
        Assert.Equal((4u, StatusCode.InvalidArgument), await stream.FailureAsync());
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Unsubscribe = new EventUnsubscribe { SubscriptionId = 9 } });
        Assert.Equal((9u, StatusCode.NotFound), await stream.FailureAsync());
        await stream.SubscribeAsync(5);
        Assert.NotNull((await stream.NextAsync()).Subscribed);
        await stream.SubscribeAsync(6);
        Assert.Equal((6u, StatusCode.ResourceExhausted), await stream.FailureAsync());

        log.Append(1);
        Assert.Equal("1", Assert.Single((await stream.NextAsync()).Events.Events).Order.OrderId);
    }

    [Fact]
    public async Task A_busy_subscription_does_not_starve_another()
    {
        var log = new EventsMemoryLog();
        // More than windows and buffers hold: the busy one is still at it when the other comes, however late that is.
        log.Append(5000, padding: 1000);
        await using var host = await EventsHost.StartAsync(log);
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = channel.WatchOrders();
        await stream.SubscribeAsync(1);
        await stream.SubscribeAsync(2, s => s.Cursor = "4990");

        var before = 0;
        while ((await stream.NextAsync()).Events is not { SubscriptionId: 2 })
            before++;

        Assert.True(before < 400, $"{before} frames of the busy subscription came before the one of the other");
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
            using var stream = channel.WatchOrders();
            await stream.SubscribeAsync(1);
            await stream.ReadEventsAsync(1);
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
        using var halfClosed = channel.WatchOrders();
        await halfClosed.SubscribeAsync(1);
        await halfClosed.RequestStream.CompleteAsync();
        using var silent = channel.WatchOrders();

        Assert.NotNull((await silent.NextAsync()).Heartbeat);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
                await silent.NextAsync();
        });

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        log.Append(1);
        await halfClosed.ReadEventsAsync(1);
    }
}
