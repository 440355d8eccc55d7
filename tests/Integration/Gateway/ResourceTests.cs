using System.Net;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using ProtoMoney = Google.Type.Money;

namespace Microservices.Tests.Integration.Gateway;

public sealed class ResourceTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;

    public ResourceTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
    }

    [Fact]
    public async Task Creating_a_user_says_where_it_is()
    {
        CreateUserRequest? asked = null;
        gateway.Users.OnCreate = (request, _) =>
        {
            asked = request;
            return Task.FromResult(new CreateUserResponse { User = GatewayFixture.User("ada") });
        };

        var response = await gateway.Rest.SendAsync(
            HttpMethod.Post, "/v1/users", Http.Body("""{"displayName":"Ada Lovelace","email":"ada@example.com"}"""), ("Idempotency-Key", "k1"));

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("/v1/users/ada", response.Headers.Location?.ToString());
        Assert.False(response.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal("ada", (await response.JsonAsync()).Text("userId"));
        Assert.Equal(new CreateUserRequest { DisplayName = "Ada Lovelace", Email = "ada@example.com", IdempotencyKey = "k1" }, asked);
    }

    [Fact]
    public async Task A_replay_is_the_same_answer_and_says_so()
    {
        gateway.Users.OnCreate = (_, _) => Task.FromResult(new CreateUserResponse { User = GatewayFixture.User("ada"), Replayed = true });
        gateway.Orders.OnPlace = (_, _) => Task.FromResult(new PlaceOrderResponse { Order = GatewayFixture.Order("o1", "ada"), Replayed = true });

        foreach (var (path, json) in new[] { ("/v1/users", """{"displayName":"A","email":"a@b"}"""), ("/v1/orders", """{"userId":"ada","lines":[]}""") })
        {
            var response = await gateway.Rest.SendAsync(HttpMethod.Post, path, Http.Body(json), ("Idempotency-Key", "k1"));
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            Assert.Equal("true", response.Headers.GetValues("Idempotency-Replayed").Single());
        }
    }

    [Fact]
    public async Task An_update_names_what_it_changes_and_what_it_is_based_on()
    {
        UpdateUserRequest? asked = null;
        gateway.Users.OnUpdate = (request, _) =>
        {
            asked = request;
            return Task.FromResult(new UpdateUserResponse { User = GatewayFixture.User("ada") });
        };

        var response = await gateway.Rest.PatchAsync("/v1/users/ada", Http.Body("""{"version":2,"email":"new@example.com"}"""));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(new UpdateUserRequest
        {
            User = new User { UserId = "ada", Version = 2, Email = "new@example.com" },
            UpdateMask = new FieldMask { Paths = { "email" } },
        }, asked);
    }

    [Fact]
    public async Task Pages_are_asked_for_and_given_by_token()
    {
        ListUsersRequest? asked = null;
        gateway.Users.OnList = (request, _) =>
        {
            asked = request;
            return Task.FromResult(new ListUsersResponse { Users = { GatewayFixture.User("ada") }, NextPageToken = "t2" });
        };

        var users = await (await gateway.Rest.GetAsync("/v1/users?pageSize=1&pageToken=t1")).JsonAsync();
        Assert.Equal(new ListUsersRequest { PageSize = 1, PageToken = "t1" }, asked);
        Assert.Equal("t2", users.Text("nextPageToken"));
        Assert.Equal(1, users.GetProperty("users").GetArrayLength());

        var orders = await (await gateway.Rest.GetAsync("/v1/users/ada/orders")).JsonAsync();
        Assert.Equal("o1", orders.GetProperty("orders")[0].Text("orderId"));
        Assert.False(orders.TryGetProperty("nextPageToken", out _));
    }

    [Fact]
    public async Task Placing_an_order_carries_money_exactly()
    {
        PlaceOrderRequest? asked = null;
        gateway.Orders.OnPlace = (request, _) =>
        {
            asked = request;
            return Task.FromResult(new PlaceOrderResponse { Order = GatewayFixture.Order("o 1", "ada") });
        };

        var response = await gateway.Rest.SendAsync(HttpMethod.Post, "/v1/orders", Http.Body("""
            {"orderId":"o1","userId":"ada","lines":[{"productId":"tea","quantity":3,"unitPrice":{"amount":"19.123456789","currency":"EUR"},"discountBasisPoints":250}]}
            """), ("Idempotency-Key", "k2"));

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("/v1/orders/o%201", response.Headers.Location?.OriginalString);
        Assert.Equal(new PlaceOrderRequest
        {
            OrderId = "o1",
            UserId = "ada",
            IdempotencyKey = "k2",
            Lines =
            {
                new OrderLine
                {
                    ProductId = "tea",
                    Quantity = 3,
                    UnitPrice = new ProtoMoney { CurrencyCode = "EUR", Units = 19, Nanos = 123_456_789 },
                    DiscountBasisPoints = 250,
                },
            },
        }, asked);
    }

    [Fact]
    public async Task An_order_is_cancelled_with_or_without_a_body()
    {
        var asked = new List<CancelOrderRequest>();
        gateway.Orders.OnCancel = (request, _) =>
        {
            asked.Add(request);
            return Task.FromResult(new CancelOrderResponse { Order = GatewayFixture.Order(request.OrderId, "ada") });
        };

        Assert.Equal(HttpStatusCode.OK, (await gateway.Rest.PostAsync("/v1/orders/o1/cancel", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Rest.PostAsync("/v1/orders/o1/cancel", Http.Body("""{"version":7}"""))).StatusCode);

        Assert.Equal([new CancelOrderRequest { OrderId = "o1" }, new CancelOrderRequest { OrderId = "o1", Version = 7 }], asked);
    }

    [Fact]
    public async Task An_order_is_advanced_to_the_state_the_body_names()
    {
        AdvanceOrderRequest? asked = null;
        gateway.Orders.OnAdvance = (request, _) =>
        {
            asked = request;
            return Task.FromResult(new AdvanceOrderResponse { Order = GatewayFixture.Order(request.OrderId, "ada"), Replayed = true });
        };

        var response = await gateway.Rest.SendAsync(HttpMethod.Post, "/v1/orders/o1/advance", Http.Body("""{"state":"shipped","version":2}"""), ("Idempotency-Key", "k3"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal(new AdvanceOrderRequest { OrderId = "o1", State = OrderState.Shipped, Version = 2, IdempotencyKey = "k3" }, asked);
    }

    [Fact]
    public async Task The_root_leads_to_the_page_which_needs_nothing_from_outside()
    {
        Assert.Equal("/docs", (await gateway.Rest.GetAsync("/")).Headers.Location?.OriginalString);

        var page = await gateway.Rest.GetAsync("/docs/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("default-src 'self';", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("//", html.Replace("<!--", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("openapi/v1.json", html, StringComparison.Ordinal);
        // None of its vendor's buttons, and nothing that the vendor is told.
        foreach (var setting in (string[])["\"showDeveloperTools\":\"never\"", "\"hideClientButton\":true", "\"agent\":{\"disabled\":true}", "\"mcp\":{\"disabled\":true}", "\"telemetry\":false"])
            Assert.Contains(setting, Regex.Replace(html, @"\s", ""), StringComparison.Ordinal);
        foreach (var asset in (string[])["scalar.js", "scalar.aspnetcore.js"])
            Assert.Equal(HttpStatusCode.OK, (await gateway.Rest.GetAsync($"/docs/{asset}")).StatusCode);
    }
}
