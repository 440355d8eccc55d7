using Grpc.Core;
using Microservices.EventLog;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Integration.Streaming;
using Microservices.Tests.Support;
using Microservices.Topics;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Orders;

/// <summary>WatchOrders of the real service: its database, its outbox, an embedded Redis, a socket.</summary>
public sealed class WatchOrdersTests(Backends backends) : IClassFixture<Backends>, IAsyncLifetime, IDisposable
{
    private readonly EmbeddedGarnet redis = new();
    private ServiceHost<Microservices.Orders.OrdersDbContext> host = null!;
    private OrdersService.OrdersServiceClient orders = null!;

    public async Task InitializeAsync()
    {
        host = await backends.AnotherOrdersAsync(("ConnectionStrings:Redis", redis.ConnectionString), ("Outbox:LeaseDuration", "00:00:00.3"));
        orders = new(host.Channel);
    }

    public async Task DisposeAsync() => await host.DisposeAsync();

    public void Dispose() => redis.Dispose();

    [Fact]
    public async Task A_watcher_of_one_user_gets_every_change_of_the_users_orders_and_of_nobody_elses()
    {
        var (user, other) = ((await backends.NewUserAsync()).UserId, (await backends.NewUserAsync()).UserId);
        using var stream = orders.WatchOrders();
        Assert.True((await SubscribeAsync(stream, new() { SubscriptionId = 7, Key = user })).Recovered);

        await PlaceAsync(other);
        var placed = await PlaceAsync(user);
        var paid = (await orders.AdvanceOrderAsync(new() { OrderId = placed.OrderId, State = OrderState.Paid })).Order;
        var cancelled = (await orders.CancelOrderAsync(new() { OrderId = placed.OrderId })).Order;

        var events = await ReadAsync(stream, 3);
        Assert.Equal([OrderEventKind.Placed, OrderEventKind.Advanced, OrderEventKind.Cancelled], events.Select(e => e.Kind));
        Assert.Equal([placed, paid, cancelled], events.Select(e => e.Order));
    }

    [Fact]
    public async Task A_watcher_gets_what_comes_after_an_event_that_was_set_aside_and_not_a_word_of_it()
    {
        var user = (await backends.NewUserAsync()).UserId;
        using var stream = orders.WatchOrders();
        var cursor = (await SubscribeAsync(stream, new() { SubscriptionId = 1, Key = user })).Cursor;
        var changed = (await orders.ListChangedUsersAsync(new())).Changes.Cursor;

        await PlaceAsync(user);
        await host.Services.GetRequiredService<Database<Microservices.Orders.OrdersDbContext>>().WriteAsync(context =>
        {
            context.NewEvents.Add(($"orders/user/{user}", new string('é', 1_024), [1], null, null));
            context.NewEvents.Add(($"orders/partition/{KeyedTopics.PartitionOf(user)}", new string('é', 1_024), [1], null, null));
            return Task.FromResult(0);
        }, default);
        await PlaceAsync(user);
        var live = await ReadAsync(stream, 2);
        await Eventually.UntilAsync(async () => await host.Services.GetRequiredService<Database<Microservices.Orders.OrdersDbContext>>().ReadAsync(context => Task.FromResult(context.OutboxQuarantine.Count()), default) == 2, "both are set aside");

        using var again = orders.WatchOrders();
        await SubscribeAsync(again, new() { SubscriptionId = 1, Key = user, Cursor = cursor });
        Assert.Equal(live, await ReadAsync(again, 2));
        Assert.True((await orders.ListChangedUsersAsync(new() { Cursor = changed })).Changes.Reset);
    }

    [Fact]
    public async Task Watchers_at_the_same_place_are_given_one_batch_which_is_encoded_once()
    {
        var user = (await backends.NewUserAsync()).UserId;
        var source = host.Services.GetRequiredService<Microservices.Orders.WatchOrders>();
        var readers = Enumerable.Range(1, 3).Select(id => source.Read(new WatchOrdersRequest { Subscribe = new() { SubscriptionId = (uint)id, Key = user } }, null!)).ToArray();
        foreach (var reader in readers)
            Assert.IsType<EventsSubscribed>(await NextAsync(reader));

        await PlaceAsync(user);

        var first = Assert.IsType<EncodedEvents>(await NextAsync(readers[0]));
        foreach (var reader in readers[1..])
            Assert.Same(first, await NextAsync(reader));
        foreach (var reader in readers)
            await reader.DisposeAsync();

        static async Task<EventSourceItem> NextAsync(IEventReader reader)
        {
            while (true)
            {
                if (reader.TryRead() is { } item)
                    return item;
                Assert.True(await reader.WaitToReadAsync().AsTask().WaitAsync(Eventually.Timeout));
            }
        }
    }

    [Fact]
    public async Task A_snapshot_and_the_events_after_it_miss_no_change_and_have_each_but_once()
    {
        var user = (await backends.NewUserAsync()).UserId;
        var placing = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
                await PlaceAsync(user);
        })).ToArray();
        await Eventually.UntilAsync(async () => (await orders.ListOrdersAsync(new() { UserId = user, PageSize = 60 })).Orders.Count >= 50, "a quarter is placed");

        // Subscribed in the middle of it all: by an amount of orders that no page of the snapshot ends with.
        using var stream = orders.WatchOrders();
        await SubscribeAsync(stream, new() { SubscriptionId = 1, Key = user, Snapshot = true });
        var (snapshot, changes, cursor) = (new List<string>(), new List<string>(), "");
        while (snapshot.Union(changes).Count() < 200)
        {
            var batch = (await stream.NextAsync()).Events;
            (batch.Snapshot ? snapshot : changes).AddRange(batch.Events.Select(e => e.Order.OrderId));
            Assert.All(batch.Events, e => Assert.Equal(batch.Snapshot, e.Kind == OrderEventKind.Unspecified));
            cursor = batch.Cursor;
        }

        await Task.WhenAll(placing);
        Assert.True(snapshot.Count >= 50 && changes.Count > 0, $"{snapshot.Count} in the snapshot, {changes.Count} after it");
        Assert.Equal(200, snapshot.Union(changes).Count());
        Assert.Equal(snapshot.Distinct(), snapshot);
        Assert.Equal(changes.Distinct(), changes);
        Assert.NotEmpty(cursor);
    }

    [Fact]
    public async Task All_orders_are_watched_as_a_whole_or_shared_by_partition()
    {
        var users = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => backends.NewUserAsync()));
        using var all = orders.WatchOrders();
        using var parts = orders.WatchOrders();
        await SubscribeAsync(all, new() { SubscriptionId = 99 });
        for (var partition = 0u; partition < 16; partition++)
            await SubscribeAsync(parts, new() { SubscriptionId = partition, Partition = partition });

        var placed = new List<string>();
        foreach (var user in users)
            placed.Add((await PlaceAsync(user.UserId)).OrderId);

        Assert.Equal(placed.Order(), (await ReadAsync(all, 12)).Select(e => e.Order.OrderId).Order());
        Assert.Equal(placed.Order(), (await ReadAsync(parts, 12)).Select(e => e.Order.OrderId).Order());
    }

    [Theory]
    [InlineData("key")]
    [InlineData("partition")]
    [InlineData("cursor")]
    public async Task A_subscription_that_cannot_be_is_refused_and_the_field_is_named(string field)
    {
        using var stream = orders.WatchOrders();
        var wrong = new Subscription { SubscriptionId = 1 };
        if (field == "key")
            wrong.Key = "no id";
        else if (field == "partition")
            wrong.Partition = 16;
        else
            wrong.Cursor = "nonsense";
        await stream.RequestStream.WriteAsync(new() { Subscribe = wrong });

        var failed = (await stream.NextAsync()).Failed;

        Assert.Equal((int)StatusCode.InvalidArgument, failed.Status.Code);
        Assert.Equal(field, Assert.Single(failed.Status.GetDetail<Google.Rpc.BadRequest>().FieldViolations).Field);
    }

    [Fact]
    public async Task A_cursor_of_other_topics_is_refused_and_not_taken_for_the_oldest_event()
    {
        var (ada, bob) = ((await backends.NewUserAsync()).UserId, (await backends.NewUserAsync()).UserId);
        await PlaceAsync(bob);
        string[] cursors;
        using (var stream = orders.WatchOrders())
        {
            cursors =
            [
                (await SubscribeAsync(stream, new() { SubscriptionId = 1, Key = ada })).Cursor,
                (await SubscribeAsync(stream, new() { SubscriptionId = 2, Partition = 3 })).Cursor,
                (await SubscribeAsync(stream, new() { SubscriptionId = 3 })).Cursor,
                Cursor.At($"users/user/{bob}", "e", 1).ToString(),
                Cursor.Earliest.ToString(),
            ];
        }

        Subscription[] refused =
        [
            .. cursors.Select(cursor => new Subscription { Key = bob, Cursor = cursor }),
            new() { Partition = 4, Cursor = cursors[1] },
            new() { Partition = 4, Cursor = cursors[0] },
            new() { Cursor = cursors[1] },
            new() { Cursor = cursors[0] },
        ];
        foreach (var subscription in refused)
        {
            using var stream = orders.WatchOrders();
            await stream.RequestStream.WriteAsync(new() { Subscribe = subscription });
            var failed = (await stream.NextAsync()).Failed;
            Assert.Equal((int)StatusCode.InvalidArgument, failed.Status.Code);
            Assert.Equal("cursor", Assert.Single(failed.Status.GetDetail<Google.Rpc.BadRequest>().FieldViolations).Field);
        }

        // All partitions' places have one of each.
        using var one = orders.WatchOrders();
        Assert.True((await SubscribeAsync(one, new() { SubscriptionId = 1, Partition = 3, Cursor = cursors[2] })).Recovered);
    }

    private static async Task<EventSubscribed> SubscribeAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, Subscription subscription)
    {
        await stream.RequestStream.WriteAsync(new() { Subscribe = subscription });
        return (await stream.NextAsync()).Subscribed;
    }

    private static async Task<List<OrderEvent>> ReadAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, int count)
    {
        var events = new List<OrderEvent>();
        while (events.Count < count)
            events.AddRange(await stream.NextEventsAsync());
        return events;
    }

    private async Task<Order> PlaceAsync(string userId) => (await orders.PlaceOrderAsync(Backends.AnOrder(userId))).Order;
}
