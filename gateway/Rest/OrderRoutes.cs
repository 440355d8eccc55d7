using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Microservices.Orders.V1;

namespace Microservices.Gateway.Rest;

/// <summary>Orders over REST.</summary>
internal static class OrderRoutes
{
    private const string KeyMeaning = "Identifies the command, so that a repeat is harmless: at most 128 visible ASCII characters, remembered for 24 h.";

    public static void MapOrders(this WebApplication app)
    {
        app.MapPost("/v1/orders", PlaceAsync)
            .StandsFor(OrdersService.Descriptor, "PlaceOrder")
            .Describe("placeOrder", "Orders", "Place an order", "The same idempotency key with the same body gives the same answer again and places nothing; with another body it is a conflict.")
            .Header(RequestValues.IdempotencyKey, KeyMeaning, "basket-7")
            .Body<PlaceOrder>(Examples.PlaceOrder)
            .Answers<Order>(201, "The order as placed. The header Idempotency-Replayed says that it was placed by an earlier request.", Examples.Order)
            .AnswersHeader(201, "Location", JsonSchemas.Text, "Where the order is.", "/v1/orders/0198f3a2-7c40-7000-8000-3d1c6a5f0b11")
            .AnswersWrite(201).AnswersReplay(201)
            .Fails(400, 409, 413, 415, 422);
        app.MapGet("/v1/orders/{orderId}", GetAsync)
            .StandsFor(OrdersService.Descriptor, "GetOrder")
            .Describe("getOrder", "Orders", "Get an order", "The order as last changed.")
            .OrderId()
            .Answers<Order>(200, "The order.", Examples.Order)
            .Fails(400, 404);
        app.MapPost("/v1/orders/{orderId}/cancel", CancelAsync)
            .StandsFor(OrdersService.Descriptor, "CancelOrder")
            .Describe("cancelOrder", "Orders", "Cancel an order", "An order that is placed or paid; 422 when it is in another state.")
            .OrderId()
            .Header(RequestValues.IdempotencyKey, KeyMeaning, "cancel-7")
            .Body<CancelOrder>(Examples.CancelOrder, required: false)
            .Answers<Order>(200, "The order as cancelled.", Examples.CancelledOrder)
            .AnswersWrite(200).AnswersReplay(200)
            .Fails(400, 404, 409, 413, 415, 422);
        app.MapPost("/v1/orders/{orderId}/advance", AdvanceAsync)
            .StandsFor(OrdersService.Descriptor, "AdvanceOrder")
            .Describe("advanceOrder", "Orders", "Move an order one step", "From placed to paid, shipped, delivered; 422 for any other step.")
            .OrderId()
            .Header(RequestValues.IdempotencyKey, KeyMeaning, "pay-7")
            .Body<AdvanceOrder>(Examples.AdvanceOrder)
            .Answers<Order>(200, "The order as advanced.", Examples.Order)
            .AnswersWrite(200).AnswersReplay(200)
            .Fails(400, 404, 409, 413, 415, 422);
        app.MapGet("/v1/users/{userId}/orders", ListAsync)
            .StandsFor(OrdersService.Descriptor, "ListOrders")
            .Describe("listOrders", "Orders", "List the orders of a user", "Newest first, page by page. A user who has none, or does not exist, has an empty list.")
            .UserId()
            .Page()
            .Answers<OrderPage>(200, "A page of orders.", Examples.OrderPage)
            .Fails(400);
    }

    private static async Task<IResult> PlaceAsync(HttpContext http, OrdersService.OrdersServiceClient orders)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.PlaceOrder);
        var errors = new RequestErrors();
        var request = new PlaceOrderRequest
        {
            OrderId = body.OrderId ?? "",
            UserId = errors.Required("userId", body.UserId, ""),
            IdempotencyKey = key,
        };
        request.Lines.AddRange(errors.Required("lines", body.Lines, []).ToMessages(errors));
        errors.ThrowIfAny();

        var response = await orders.PlaceOrderAsync(request, options);
        Answers.WroteOrder(http, response.Order.UserId, response.Etag);
        http.Response.Headers.Location = $"/v1/orders/{Uri.EscapeDataString(response.Order.OrderId)}";
        return Answers.Command(http, response.Order.ToJson(), GatewayJson.Default.Order, response.Replayed, StatusCodes.Status201Created);
    }

    private static async Task<IResult> GetAsync(string orderId, HttpContext http, OrdersService.OrdersServiceClient orders)
    {
        var response = await orders.GetOrderAsync(new GetOrderRequest { OrderId = orderId }, http.CallOptions());
        return TypedResults.Json(response.Order.ToJson(), GatewayJson.Default.Order);
    }

    private static async Task<IResult> CancelAsync(string orderId, HttpContext http, OrdersService.OrdersServiceClient orders)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadOptionalAsync(http, GatewayJson.Default.CancelOrder);
        var request = new CancelOrderRequest { OrderId = orderId, Version = body?.Version ?? 0, IdempotencyKey = key };
        var response = await orders.CancelOrderAsync(request, options);
        Answers.WroteOrder(http, response.Order.UserId, response.Etag);
        return Answers.Command(http, response.Order.ToJson(), GatewayJson.Default.Order, response.Replayed);
    }

    private static async Task<IResult> AdvanceAsync(string orderId, HttpContext http, OrdersService.OrdersServiceClient orders)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.AdvanceOrder);
        var errors = new RequestErrors();
        var request = new AdvanceOrderRequest
        {
            OrderId = orderId,
            State = errors.Required("state", body.State).ToMessage(),
            Version = body.Version ?? 0,
            IdempotencyKey = key,
        };
        errors.ThrowIfAny();

        var response = await orders.AdvanceOrderAsync(request, options);
        Answers.WroteOrder(http, response.Order.UserId, response.Etag);
        return Answers.Command(http, response.Order.ToJson(), GatewayJson.Default.Order, response.Replayed);
    }

    private static async Task<IResult> ListAsync(string userId, HttpContext http, OrdersService.OrdersServiceClient orders)
    {
        var request = new ListOrdersRequest { UserId = userId, PageSize = http.QueryNumber("pageSize"), PageToken = http.QueryText("pageToken") ?? "" };
        var response = await orders.ListOrdersAsync(request, http.CallOptions());
        var page = new OrderPage { Orders = response.Orders.ToJson(), NextPageToken = Answers.Token(response.NextPageToken) };
        return ReaderPace.Json(http, page, GatewayJson.Default.OrderPage, response.CalculateSize());
    }
}
