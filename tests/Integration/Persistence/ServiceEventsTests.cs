using Microservices.EventLog;
using Microservices.Orders.V1;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microservices.Topics;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>What Orders tells of its changes.</summary>
public sealed class ServiceEventsTests(Backends backends) : IClassFixture<Backends>
{
    [Fact]
    public async Task Every_change_of_an_order_is_one_event_with_the_order_after_it_for_its_user_and_for_a_partition()
    {
        using var redis = new EmbeddedGarnet();
        await using var log = await LogProcess.StartAsync(redis.ConnectionString);
        await using var host = await backends.AnotherOrdersAsync(("ConnectionStrings:Redis", redis.ConnectionString));
        var orders = new OrdersService.OrdersServiceClient(host.Channel);
        var user = await backends.NewUserAsync();
        var place = Backends.AnOrder(user.UserId);
        place.IdempotencyKey = Guid.NewGuid().ToString();

        var placed = (await orders.PlaceOrderAsync(place)).Order;
        await orders.PlaceOrderAsync(place);
        var paid = (await orders.AdvanceOrderAsync(new AdvanceOrderRequest { OrderId = placed.OrderId, State = OrderState.Paid })).Order;
        var cancelled = (await orders.CancelOrderAsync(new CancelOrderRequest { OrderId = placed.OrderId })).Order;

        OrderEvent[] expected =
        [
            new() { Kind = OrderEventKind.Placed, Order = placed, Time = placed.UpdateTime },
            new() { Kind = OrderEventKind.Advanced, Order = paid, Time = paid.UpdateTime },
            new() { Kind = OrderEventKind.Cancelled, Order = cancelled, Time = cancelled.UpdateTime },
        ];
        foreach (var topic in new[] { $"orders/user/{user.UserId}", $"orders/partition/{KeyedTopics.PartitionOf(user.UserId)}" })
        {
            IReadOnlyList<LogEvent> events = [];
            await Eventually.UntilAsync(async () => (events = (await log.Log.ReadAsync(topic, Cursor.Earliest, 100, long.MaxValue)).Events).Count >= 3, "three events");
            Assert.Equal(expected, events.Select(e => OrderEvent.Parser.ParseFrom(e.Payload.Span)));
            Assert.All(events, e => Assert.Equal(placed.OrderId, e.Key));
        }
    }
}
