using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Integration.Streaming;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Replica = Microservices.Tests.Support.ServiceHost<Microservices.Orders.OrdersDbContext>;

namespace Microservices.Tests.Integration.Operations;

/// <summary>What operators see of open streams, and what becomes of those that they end.</summary>
public sealed class StreamsServiceTests(OperatedHosts hosts) : IClassFixture<OperatedHosts>
{
    private const string WatchOrders = "orders.v1.OrdersService/WatchOrders";
    private readonly string ada = $"ada-{Guid.NewGuid():N}";

    [Fact]
    public async Task A_stream_whose_reader_stalls_is_seen_to_fall_behind_and_to_catch_up()
    {
        using var channel = Tokens.Channel(hosts.OrdersHost.Grpc, Tokens.Authority.Person(ada));
        using var stream = channel.WatchOrders();
        await stream.SubscribeAsync(7, s => (s.Key, s.FromEarliest) = (ada, false));
        await stream.NextAsync();
        await using var watch = new StreamWatcher(hosts.OrdersHost.Channel, ada);

        var open = await watch.UntilAsync(one => one.Subscriptions == 1);
        Assert.Equal((StreamKind.Event, WatchOrders, ada), (open.Kind, open.Method, open.User));
        Assert.StartsWith("ipv", open.Peer, StringComparison.Ordinal);
        Assert.True(open.TokenExpireTime > open.OpenTime);
        var subscription = Assert.Single(open.MostBehind);
        Assert.Equal((7u, ada, "LOSSLESS", 0L), (subscription.SubscriptionId, subscription.Key, subscription.Delivery, subscription.Lag));

        for (var i = 0; i < 20; i++)
            await hosts.AppendAsync(ada, 100 * i, 100, padding: 2_000);
        await watch.UntilAsync(one => one is { Lag: > 500, MostBehind: [{ Places: [{ Head: 2_000 }] }] });

        await stream.ReadEventsAsync(2_000);
        var level = await watch.UntilAsync(one => one is { Lag: 0, QueuedBytes: 0 });
        Assert.Equal(2_000, level.Sent);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Streams_that_are_drained_or_ended_while_events_flow_go_on_and_lose_and_repeat_nothing(bool drain)
    {
        const int Rounds = 6;
        var ids = new ConcurrentQueue<int>();
        var subscribed = 0;
        await using var services = new ServiceCollection().AddLogging().AddMetrics().AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddEventStreamClient(OrdersService.WatchOrders, "Orders", options =>
            {
                options.Token = Tokens.OperatorAsync;
                options.Addresses.Add(hosts.OrdersHost.Grpc);
                options.Addresses.Add(hosts.Other.Grpc);
            }).BuildServiceProvider();
        using var over = new CancellationTokenSource();
        var reading = Task.Run(async () =>
        {
            await foreach (var item in services.GetRequiredService<EventStreamClient<OrderEvent>>().SubscribeAsync(new Subscription { Key = ada }, over.Token))
            {
                if (item is ReceivedSubscribed<OrderEvent>)
                    Interlocked.Increment(ref subscribed);
                Assert.IsNotType<ReceivedReset<OrderEvent>>(item);
                foreach (var e in (item as ReceivedEvents<OrderEvent>)?.Events ?? [])
                    ids.Enqueue(int.Parse(e.Order.OrderId, CultureInfo.InvariantCulture));
            }
        });
        await Eventually.UntilAsync(() => Volatile.Read(ref subscribed) == 1, "subscribed");

        var appended = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            var appending = AppendAsync(appended, 200);
            await OperateAsync(drain);
            await appending;
            appended += 200;
            await Eventually.UntilAsync(() => Volatile.Read(ref subscribed) > round, "it goes on elsewhere");
        }

        await Eventually.UntilAsync(() => ids.Count >= appended || reading.IsCompleted, "all have come");
        Assert.Equal(Enumerable.Range(0, appended), ids);
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        async Task AppendAsync(int first, int count)
        {
            for (var i = 0; i < count; i += 10)
                await hosts.AppendAsync(ada, first + i, 10);
        }
    }

    [Fact]
    public async Task A_stream_that_is_ended_for_good_says_so_and_one_that_is_not_open_is_not_found()
    {
        using var stream = hosts.OrdersHost.Channel.WatchOrders();
        await stream.SubscribeAsync(1, s => (s.Key, s.FromEarliest) = (ada, false));
        await stream.NextAsync();
        await using var watch = new StreamWatcher(hosts.OrdersHost.Channel, "", WatchOrders);
        var open = await watch.UntilAsync(one => one.MostBehind.Any(s => s.Key == ada));
        var streams = new StreamsService.StreamsServiceClient(hosts.OrdersHost.Channel);

        await streams.EndStreamAsync(new EndStreamRequest { StreamId = open.StreamId, ForGood = true });

        var ended = await Assert.ThrowsAsync<RpcException>(() => stream.NextAsync());
        Assert.Equal(StatusCode.PermissionDenied, ended.StatusCode);
        await watch.GoneAsync(open.StreamId);
        var missing = await Assert.ThrowsAsync<RpcException>(async () => await streams.DrainStreamAsync(new DrainStreamRequest { StreamId = open.StreamId }));
        Assert.Equal(StatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Call_streams_and_command_streams_are_seen_and_ended_too()
    {
        var streams = new StreamsService.StreamsServiceClient(hosts.OrdersHost.Channel);
        using var calls = hosts.Orders.LookupOrders();
        await calls.RequestStream.WriteAsync(new LookupOrdersRequest { Calls = { new LookupOrdersCall { CallId = 1, UserId = ada } } });
        while ((await calls.NextAsync()).Results.Count == 0)
        {
        }

        await using var watchCalls = new StreamWatcher(hosts.OrdersHost.Channel, "", "orders.v1.OrdersService/LookupOrders");
        var call = await watchCalls.UntilAsync(one => one.Sent == 1);
        Assert.Equal(StreamKind.Call, call.Kind);
        await streams.DrainStreamAsync(new DrainStreamRequest { StreamId = call.StreamId });
        while ((await calls.NextAsync()).Control?.Draining is null)
        {
        }

        using var commands = hosts.Orders.PlaceOrders();
        await commands.ResponseHeadersAsync;
        await using var watchCommands = new StreamWatcher(hosts.OrdersHost.Channel, "", "orders.v1.OrdersService/PlaceOrders");
        var command = await watchCommands.UntilAsync(one => one.Kind == StreamKind.Command);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await streams.DrainStreamAsync(new DrainStreamRequest { StreamId = command.StreamId }));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        await streams.EndStreamAsync(new EndStreamRequest { StreamId = command.StreamId });
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => commands.NextAsync())).StatusCode);
    }

    [Fact]
    public async Task Operators_watch_in_a_bounded_number_and_one_more_is_told_so()
    {
        await using var host = await hosts.AnotherOrdersAsync(("Operations:MaxWatchers", "3"));
        var streams = new StreamsService.StreamsServiceClient(host.Channel);
        var watching = new List<AsyncServerStreamingCall<WatchStreamsResponse>>();
        for (var i = 0; i < 3; i++)
        {
            watching.Add(streams.WatchStreams(new WatchStreamsRequest()));
            await watching[^1].ResponseHeadersAsync;
        }

        using var oneMore = streams.WatchStreams(new WatchStreamsRequest());
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => oneMore.ResponseStream.MoveNext(CancellationToken.None))).StatusCode);

        watching[0].Dispose();
        await Eventually.UntilAsync(async () =>
        {
            using var next = streams.WatchStreams(new WatchStreamsRequest());
            try
            {
                return await next.ResponseStream.MoveNext(CancellationToken.None);
            }
            catch (RpcException)
            {
                return false;
            }
        }, "there is room again");
        watching.ForEach(watch => watch.Dispose());
    }

    /// <summary>Drains or ends the stream about the user, at whichever replica has it.</summary>
    private async Task OperateAsync(bool drain)
    {
        while (!await TryOperateAsync(drain))
        {
            // What was seen had ended a moment ago.
        }
    }

    private async Task<bool> TryOperateAsync(bool drain)
    {
        await using var here = new StreamWatcher(hosts.OrdersHost.Channel, "", WatchOrders);
        await using var there = new StreamWatcher(hosts.Other.Channel, "", WatchOrders);
        Replica? host = null;
        OpenStream? open = null;
        await Eventually.UntilAsync(() =>
        {
            host = (open = here.Find(IsOpen)) is null ? hosts.Other : hosts.OrdersHost;
            return (open ??= there.Find(IsOpen)) is not null;
        }, "it is seen at one of them");
        var streams = new StreamsService.StreamsServiceClient(host!.Channel);
        try
        {
            if (drain)
                await streams.DrainStreamAsync(new DrainStreamRequest { StreamId = open!.StreamId });
            else
                await streams.EndStreamAsync(new EndStreamRequest { StreamId = open!.StreamId });
            return true;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return false;
        }

        bool IsOpen(OpenStream one) => !one.Draining && one.MostBehind.Any(s => s.Key == ada);
    }
}
