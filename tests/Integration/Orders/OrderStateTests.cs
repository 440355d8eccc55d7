using Grpc.Core;
using Microservices.Orders.V1;

namespace Microservices.Tests.Integration.Orders;

public abstract class OrderStateTests(Backends backends)
{
    // Null where the backends are not to be had, and then every test is skipped.
    private readonly OrdersService.OrdersServiceClient orders = backends.Orders;

    private async Task<Order> AdvancedToAsync(OrderState state)
    {
        var order = await backends.NewOrderAsync();
        for (var next = OrderState.Paid; next <= state; next++)
            order = (await orders.AdvanceOrderAsync(new AdvanceOrderRequest { OrderId = order.OrderId, State = next, Version = order.Version })).Order;
        return order;
    }

    [SkippableFact]
    public async Task An_order_goes_from_placed_to_delivered()
    {
        var order = await AdvancedToAsync(OrderState.Delivered);

        Assert.Equal(OrderState.Delivered, order.State);
        Assert.Equal(4, order.Version);
    }

    [SkippableTheory]
    [InlineData(OrderState.Placed, OrderState.Placed)]
    [InlineData(OrderState.Placed, OrderState.Shipped)]
    [InlineData(OrderState.Placed, OrderState.Delivered)]
    [InlineData(OrderState.Paid, OrderState.Placed)]
    [InlineData(OrderState.Paid, OrderState.Delivered)]
    [InlineData(OrderState.Shipped, OrderState.Paid)]
    [InlineData(OrderState.Delivered, OrderState.Shipped)]
    [InlineData(OrderState.Delivered, OrderState.Delivered)]
    [InlineData(OrderState.Placed, OrderState.Cancelled)]
    public async Task Any_other_step_is_refused(OrderState from, OrderState to)
    {
        var order = await AdvancedToAsync(from);

        // Cancelling is a command of its own.
        var error = await Errors.FailsAsync(StatusCode.FailedPrecondition, orders.AdvanceOrderAsync(new AdvanceOrderRequest { OrderId = order.OrderId, State = to }));

        Assert.Equal("ORDER_STATE", error.Reason());
        Assert.Equal(order, (await orders.GetOrderAsync(new GetOrderRequest { OrderId = order.OrderId })).Order);
    }

    [SkippableTheory]
    [InlineData(OrderState.Placed, true)]
    [InlineData(OrderState.Paid, true)]
    [InlineData(OrderState.Shipped, false)]
    [InlineData(OrderState.Delivered, false)]
    public async Task An_order_is_cancelled_until_it_is_shipped(OrderState from, bool possible)
    {
        var order = await AdvancedToAsync(from);
        var cancel = new CancelOrderRequest { OrderId = order.OrderId, Version = order.Version };

        if (possible)
            Assert.Equal(OrderState.Cancelled, (await orders.CancelOrderAsync(cancel)).Order.State);
        else
            Assert.Equal("ORDER_STATE", (await Errors.FailsAsync(StatusCode.FailedPrecondition, orders.CancelOrderAsync(cancel))).Reason());
    }

    [SkippableFact]
    public async Task A_change_based_on_an_old_version_is_refused()
    {
        var order = await AdvancedToAsync(OrderState.Paid);

        var error = await Errors.FailsAsync(StatusCode.Aborted, orders.CancelOrderAsync(new CancelOrderRequest { OrderId = order.OrderId, Version = 1 }));

        Assert.Equal("VERSION_MISMATCH", error.Reason());
    }

    [SkippableFact]
    public async Task A_cancel_repeated_under_its_key_gets_the_same_answer()
    {
        var order = await backends.NewOrderAsync();
        var cancel = new CancelOrderRequest { OrderId = order.OrderId, IdempotencyKey = Guid.NewGuid().ToString() };

        var first = await orders.CancelOrderAsync(cancel);
        var second = await orders.CancelOrderAsync(cancel);

        Assert.False(first.Replayed);
        Assert.True(second.Replayed);
        Assert.Equal(first.Order, second.Order);
    }
}

public sealed class OrderStateOnSqliteTests(Backends backends) : OrderStateTests(backends), IClassFixture<Backends>;
