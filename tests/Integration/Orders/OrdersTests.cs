using Google.Type;
using Grpc.Core;
using Microservices.Orders.V1;

namespace Microservices.Tests.Integration.Orders;

public abstract class OrdersTests(Backends backends)
{
    // Null where the backends are not to be had, and then every test is skipped.
    private readonly OrdersService.OrdersServiceClient orders = backends.Orders;

    [SkippableFact]
    public async Task An_order_that_was_placed_is_found_with_its_total()
    {
        var placed = await backends.NewOrderAsync();

        Assert.Equal(new Money { CurrencyCode = "EUR", Units = 20, Nanos = 500_000_000 }, placed.Total);
        Assert.Equal(OrderState.Placed, placed.State);
        Assert.Equal(placed, (await orders.GetOrderAsync(new GetOrderRequest { OrderId = placed.OrderId })).Order);
    }

    [SkippableFact]
    public async Task An_order_names_a_user_that_exists()
    {
        var error = await Errors.FailsAsync(StatusCode.FailedPrecondition, orders.PlaceOrderAsync(Backends.AnOrder("nobody")));

        Assert.Equal("USER_NOT_FOUND", error.Reason());
        Assert.Empty((await orders.ListOrdersAsync(new ListOrdersRequest { UserId = "nobody" })).Orders);
    }

    [SkippableFact]
    public async Task The_same_key_and_request_get_the_same_answer_also_at_once()
    {
        var request = Backends.AnOrder((await backends.NewUserAsync()).UserId);
        request.IdempotencyKey = Guid.NewGuid().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => await orders.PlaceOrderAsync(request)));

        Assert.Single(answers.Select(answer => answer.Order.OrderId).Distinct());
        Assert.Single(answers, answer => !answer.Replayed);
        Assert.Single((await orders.ListOrdersAsync(new ListOrdersRequest { UserId = request.UserId })).Orders);

        request.Lines[0].Quantity++;
        var error = await Errors.FailsAsync(StatusCode.Aborted, orders.PlaceOrderAsync(request));
        Assert.Equal("IDEMPOTENCY_KEY_REUSED", error.Reason());
    }

    [SkippableFact]
    public async Task An_order_id_that_the_caller_brings_is_kept_and_taken_once()
    {
        var request = Backends.AnOrder((await backends.NewUserAsync()).UserId);
        request.OrderId = $"order-{Guid.NewGuid():N}";

        Assert.Equal(request.OrderId, (await orders.PlaceOrderAsync(request)).Order.OrderId);
        var error = await Errors.FailsAsync(StatusCode.AlreadyExists, orders.PlaceOrderAsync(request));
        Assert.Equal(["order_id"], error.Fields());
    }

    public static TheoryData<string, Action<PlaceOrderRequest>> BadOrders => new()
    {
        { "user_id", order => order.UserId = "" },
        { "user_id", order => order.UserId = new string('x', 65) },
        { "order_id", order => order.OrderId = "-starts-badly" },
        { "lines", order => order.Lines.Clear() },
        { "lines", order => order.Lines.AddRange(Enumerable.Range(0, 100).Select(_ => order.Lines[0].Clone())) },
        { "lines[0].product_id", order => order.Lines[0].ProductId = "" },
        { "lines[0].product_id", order => order.Lines[0].ProductId = "a\0b" },
        { "lines[0].quantity", order => order.Lines[0].Quantity = 0 },
        { "lines[0].quantity", order => order.Lines[0].Quantity = -1 },
        { "lines[0].quantity", order => order.Lines[0].Quantity = int.MaxValue },
        { "lines[0].unit_price", order => order.Lines[0].UnitPrice = null },
        { "lines[0].unit_price.currency_code", order => order.Lines[0].UnitPrice.CurrencyCode = "XYZ" },
        { "lines[0].unit_price.currency_code", order => order.Lines[0].UnitPrice.CurrencyCode = "eur" },
        { "lines[0].unit_price.units", order => order.Lines[0].UnitPrice.Units = -1 },
        { "lines[0].unit_price.units", order => order.Lines[0].UnitPrice.Units = long.MaxValue },
        { "lines[0].unit_price.nanos", order => order.Lines[0].UnitPrice.Nanos = -1 },
        { "lines[0].unit_price.nanos", order => order.Lines[0].UnitPrice.Nanos = 1_000_000_000 },
        { "lines[0].discount_basis_points", order => order.Lines[0].DiscountBasisPoints = 10_001 },
        { "lines[0].discount_basis_points", order => order.Lines[0].DiscountBasisPoints = -1 },
        { "lines[0].total", order => order.Lines[0].Total = new Money { CurrencyCode = "EUR" } },
        { "lines[1].unit_price.currency_code", order => order.Lines.Add(new OrderLine(order.Lines[0]) { UnitPrice = new Money { CurrencyCode = "USD", Units = 1 } }) },
        { "idempotency_key", order => order.IdempotencyKey = new string('k', 129) },
    };

    [SkippableTheory]
    [MemberData(nameof(BadOrders))]
    public async Task A_bad_order_is_refused_by_the_name_of_its_field_and_nothing_is_stored(string field, Action<PlaceOrderRequest> spoil)
    {
        var user = await backends.NewUserAsync();
        var request = Backends.AnOrder(user.UserId);
        spoil(request);

        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, orders.PlaceOrderAsync(request));

        Assert.Equal([field], error.Fields());
        Assert.Empty((await orders.ListOrdersAsync(new ListOrdersRequest { UserId = user.UserId })).Orders);
    }

    [SkippableFact]
    public async Task Text_that_is_not_UTF8_is_refused_by_the_name_of_its_field()
    {
        var request = Backends.AnOrder((await backends.NewUserAsync()).UserId);
        request.Lines[0].ProductId = "!?!?";
        var bytes = Google.Protobuf.MessageExtensions.ToByteArray(request);
        bytes[bytes.AsSpan().IndexOf("!?!?"u8)] = 0xFF;
        var raw = new Method<byte[], PlaceOrderResponse>(MethodType.Unary, "orders.v1.OrdersService", "PlaceOrder",
            Marshallers.Create(b => b, b => b), Marshallers.Create(_ => [], PlaceOrderResponse.Parser.ParseFrom));

        var error = await Errors.FailsAsync(StatusCode.InvalidArgument,
            backends.OrdersHost.Channel.CreateCallInvoker().AsyncUnaryCall(raw, null, default, bytes));

        Assert.Equal(["lines[0].product_id"], error.Fields());
    }

    [SkippableFact]
    public async Task A_message_of_10_MB_is_refused_as_too_large()
    {
        var request = Backends.AnOrder(new string('x', 10_000_000));

        var exception = await Assert.ThrowsAsync<RpcException>(() => orders.PlaceOrderAsync(request).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
    }

    [SkippableFact]
    public async Task A_user_who_has_gone_does_not_matter_to_a_repeat()
    {
        var request = Backends.AnOrder((await backends.NewUserAsync()).UserId);
        request.IdempotencyKey = Guid.NewGuid().ToString();
        var placed = await orders.PlaceOrderAsync(request);

        await using var alone = await backends.OrdersWithoutUsersAsync();
        var again = await new OrdersService.OrdersServiceClient(alone.Channel).PlaceOrderAsync(request);

        Assert.True(again.Replayed);
        Assert.Equal(placed.Order, again.Order);
        var error = await Errors.FailsAsync(StatusCode.Unavailable,
            new OrdersService.OrdersServiceClient(alone.Channel).PlaceOrderAsync(Backends.AnOrder(request.UserId)));
        Assert.Equal("UPSTREAM_UNAVAILABLE", error.Reason());
    }
}

public sealed class OrdersOnSqliteTests(Backends backends) : OrdersTests(backends), IClassFixture<Backends>;
