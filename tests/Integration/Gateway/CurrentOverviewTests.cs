using System.Net;
using System.Text.Json;
using Microservices.Orders.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>What is given without asking: how current it is, and who may rely on that.</summary>
public sealed class CurrentOverviewTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;
    private volatile string[] changed = [];
    private int asked;

    public CurrentOverviewTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
        gateway.Users.OnChanged = cursor => new() { Cursor = "u", Reset = cursor.Length == 0 };
        gateway.Orders.OnChanged = cursor =>
        {
            Interlocked.Increment(ref asked);
            return new() { Cursor = "o", Reset = cursor.Length == 0, Keys = { Interlocked.Exchange(ref changed, []) } };
        };
    }

    [Fact]
    public async Task What_is_known_to_be_current_costs_no_call_until_its_service_says_that_it_changed()
    {
        await UntilCurrentAsync("ada");
        await UntilCurrentAsync("bob");
        var (users, orders) = (gateway.Users.Lookups, gateway.Orders.Lookups);
        await gateway.Rest.GetStringAsync("/v1/users/ada/overview");
        Assert.Equal((0, 0), (gateway.Users.Lookups - users, gateway.Orders.Lookups - orders));

        gateway.Orders.OnList = (_, _) => Task.FromResult(new ListOrdersResponse());
        changed = ["ada"];
        await Eventually.UntilAsync(async () => await OrdersOfAsync("ada") == 0, "the change is seen");
        Assert.Equal((0, 1), (gateway.Users.Lookups - users, gateway.Orders.Lookups - orders));
        Assert.Equal(1, await OrdersOfAsync("bob"));
    }

    [Theory]
    [InlineData("no-cache")]
    [InlineData("no-store")]
    [InlineData("max-age=0")]
    public async Task Who_wants_no_cache_has_both_parts_asked_for(string control)
    {
        await UntilCurrentAsync("ada");
        var (users, orders) = (gateway.Users.Lookups, gateway.Orders.Lookups);
        using var answer = await gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/overview", header: ("Cache-Control", control));
        await gateway.Grpc.GetOverviewAsync(new() { UserId = "ada", NoCache = true });
        Assert.Equal((2, 2), (gateway.Users.Lookups - users, gateway.Orders.Lookups - orders));
    }

    [Fact]
    public async Task A_position_is_answered_from_what_is_known_only_if_that_is_it()
    {
        gateway.Users.ETag = 7;
        gateway.Orders.ETag = 9;
        await UntilCurrentAsync("carol");
        var (users, orders) = (gateway.Users.Lookups, gateway.Orders.Lookups);
        foreach (var position in (string[])["orders=0000000000000009", "user=0000000000000007, orders=0000000000000009"])
            using (await gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/carol/overview", header: ("Position", position)))
                Assert.Equal((0, 0), (gateway.Users.Lookups - users, gateway.Orders.Lookups - orders));

        using (await gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/carol/overview", header: ("Position", "orders=000000000000000a")))
            Assert.Equal((0, 1), (gateway.Users.Lookups - users, gateway.Orders.Lookups - orders));
        await gateway.Grpc.GetOverviewAsync(new() { UserId = "carol", UserEtag = 8, OrdersEtag = 9 });
        Assert.Equal((1, 1), (gateway.Users.Lookups - users, gateway.Orders.Lookups - orders));
    }

    [Theory]
    [InlineData("orders")]
    [InlineData("orders=9")]
    [InlineData("things=0000000000000009")]
    [InlineData("orders=0000000000000009, orders=000000000000000a")]
    [InlineData("orders=zzzzzzzzzzzzzzzz")]
    public async Task A_position_that_is_none_is_refused(string position)
    {
        using var answer = await gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/overview", header: ("Position", position));
        Assert.Equal(["Position"], (await answer.ProblemAsync(400)).Fields());
    }

    [Fact]
    public async Task What_was_written_here_is_asked_for_and_the_answer_says_where_it_stands()
    {
        await UntilCurrentAsync("ada");
        gateway.Orders.OnPlace = (request, _) => Task.FromResult(new PlaceOrderResponse { Order = GatewayFixture.Order("o2", request.UserId), Etag = 0xAB });
        var orders = gateway.Orders.Lookups;
        using var placed = await gateway.Rest.PostAsync("/v1/orders", Http.Body(
            """{"userId":"ada","lines":[{"productId":"tea","quantity":1,"unitPrice":{"amount":"1.00","currency":"EUR"}}]}"""));
        Assert.Equal(HttpStatusCode.Created, placed.StatusCode);
        Assert.Equal(["orders=00000000000000ab"], placed.Headers.GetValues("Position"));
        await OrdersOfAsync("ada");
        Assert.Equal(1, gateway.Orders.Lookups - orders);
    }

    [Fact]
    public async Task A_service_that_does_not_tell_of_changes_any_more_is_asked_each_time()
    {
        await UntilCurrentAsync("ada");
        gateway.Orders.OnChanged = null;
        await UntilAskedAsync("ada");
        var (users, orders) = (gateway.Users.Lookups, gateway.Orders.Lookups);
        for (var i = 0; i < 3; i++)
            await OrdersOfAsync("ada");
        Assert.Equal((0, 3), (gateway.Users.Lookups - users, gateway.Orders.Lookups - orders));
    }

    [Fact]
    public async Task A_question_that_began_before_a_change_was_heard_is_not_joined_after_it()
    {
        await UntilCurrentAsync("ada");
        var (_, held) = gateway.Hold();
        changed = ["ada"];
        await Eventually.UntilAsync(() => changed.Length == 0, "the change is told");
        // It has more time than the late one: who joined it would be answered by neither.
        var early = gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/overview?fields=orders", header: ("Request-Timeout", "60"));
        await held.Arrived;

        var seen = Volatile.Read(ref asked);
        changed = ["ada"];
        await Eventually.UntilAsync(() => Volatile.Read(ref asked) > seen + 1, "the change is heard");
        gateway.Orders.OnList = (request, _) => Task.FromResult(new ListOrdersResponse { Orders = { GatewayFixture.Order("new", request.UserId) } });
        var late = await gateway.Rest.GetStringAsync("/v1/users/ada/overview?fields=orders");
        Assert.Contains("\"new\"", late, StringComparison.Ordinal);

        held.Release();
        Assert.DoesNotContain("\"new\"", await (await early).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Eventually.UntilAsync(
            async () => (await gateway.Rest.GetStringAsync("/v1/users/ada/overview?fields=orders")).Contains("\"new\"", StringComparison.Ordinal),
            "what came late does not stay");
    }

    private async Task<int> OrdersOfAsync(string userId)
    {
        using var overview = JsonDocument.Parse(await gateway.Rest.GetStringAsync($"/v1/users/{userId}/overview"));
        return overview.RootElement.GetProperty("orders").GetProperty("data").GetArrayLength();
    }

    private Task UntilCurrentAsync(string userId) => UntilAsync(userId, asked: false);

    private Task UntilAskedAsync(string userId) => UntilAsync(userId, asked: true);

    private Task UntilAsync(string userId, bool asked) => Eventually.UntilAsync(async () =>
    {
        var (users, orders) = (gateway.Users.Lookups, gateway.Orders.Lookups);
        await gateway.Rest.GetStringAsync($"/v1/users/{userId}/overview");
        return asked ? gateway.Orders.Lookups > orders : (gateway.Users.Lookups, gateway.Orders.Lookups) == (users, orders);
    }, asked ? "it is asked for" : "it is known to be current");
}
