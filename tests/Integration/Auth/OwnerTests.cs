using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Grpc.Core;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Auth;

/// <summary>What is another user's is as if it did not exist, and what a stream or a batch has of it is refused alone.</summary>
public sealed class OwnerTests(AuthHosts hosts) : IClassFixture<AuthHosts>
{
    [Fact]
    public async Task An_order_of_another_user_is_not_found_by_the_same_answer_as_one_that_does_not_exist()
    {
        var order = await hosts.NewOrderAsync();
        using var channel = Tokens.Channel(hosts.OrdersHost.Grpc, Tokens.Authority.Person("bob"));
        var orders = new OrdersService.OrdersServiceClient(channel);
        var owner = new OrdersService.OrdersServiceClient(Tokens.Channel(hosts.OrdersHost.Grpc, Tokens.Authority.Person(order.UserId)));

        var others = await Errors.FailsAsync(StatusCode.NotFound, orders.GetOrderAsync(new GetOrderRequest { OrderId = order.OrderId }));
        var nobodys = await Errors.FailsAsync(StatusCode.NotFound, orders.GetOrderAsync(new GetOrderRequest { OrderId = "none" }));
        Assert.Equal(nobodys.Message.Replace("none", order.OrderId, StringComparison.Ordinal), others.Message);
        Assert.Equal(nobodys.Details.Select(detail => detail.TypeUrl), others.Details.Select(detail => detail.TypeUrl));
        await Errors.FailsAsync(StatusCode.NotFound, orders.CancelOrderAsync(new CancelOrderRequest { OrderId = order.OrderId }));

        Assert.Equal(order, (await owner.GetOrderAsync(new GetOrderRequest { OrderId = order.OrderId })).Order);
        Assert.Equal(OrderState.Cancelled, (await owner.CancelOrderAsync(new CancelOrderRequest { OrderId = order.OrderId })).Order.State);
        await Errors.FailsAsync(StatusCode.PermissionDenied, owner.AdvanceOrderAsync(new AdvanceOrderRequest { OrderId = order.OrderId, State = OrderState.Paid }));
    }

    [Fact]
    public async Task The_same_idempotency_key_of_another_caller_is_another_key()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        var byAda = await OrdersOf(ada).PlaceOrderAsync(new PlaceOrderRequest(Backends.AnOrder(ada)) { IdempotencyKey = "same" });
        var byBob = await OrdersOf(bob).PlaceOrderAsync(new PlaceOrderRequest(Backends.AnOrder(bob)) { IdempotencyKey = "same" });
        var byOperator = await hosts.Orders.PlaceOrderAsync(new PlaceOrderRequest(Backends.AnOrder(ada)) { IdempotencyKey = "same" });

        Assert.False(byBob.Replayed);
        Assert.False(byOperator.Replayed);
        Assert.Equal(3, new[] { byAda.Order.OrderId, byBob.Order.OrderId, byOperator.Order.OrderId }.Distinct().Count());
        Assert.True((await OrdersOf(ada).PlaceOrderAsync(new PlaceOrderRequest(Backends.AnOrder(ada)) { IdempotencyKey = "same" })).Replayed);
    }

    [Fact]
    public async Task Commands_of_a_stream_for_another_user_are_refused_alone()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        using var stream = OrdersOf(ada).PlaceOrders();
        foreach (var (reference, user) in (IEnumerable<(string, string)>)[("1", ada), ("2", bob), ("3", ""), ("4", ada)])
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = reference, Command = Backends.AnOrder(user) });
        await stream.RequestStream.CompleteAsync();

        var answers = await stream.ResponseStream.ReadAllAsync().ToDictionaryAsync(answer => answer.Reference, answer => answer.Error?.Code ?? 0);
        const int Denied = (int)StatusCode.PermissionDenied;
        Assert.Equal([("1", 0), ("2", Denied), ("3", Denied), ("4", 0)], answers.OrderBy(answer => answer.Key).Select(answer => (answer.Key, answer.Value)));
    }

    [Fact]
    public async Task Lookups_of_a_call_stream_about_another_user_are_refused_alone()
    {
        var ada = (await hosts.NewUserAsync()).UserId;
        using var stream = new UsersService.UsersServiceClient(Tokens.Channel(hosts.UsersHost.Grpc, Tokens.Authority.Person(ada))).LookupUsers();
        await stream.RequestStream.WriteAsync(new LookupUsersRequest
        {
            Calls = { new LookupUsersCall { CallId = 1, UserId = ada }, new LookupUsersCall { CallId = 2, UserId = "bob" }, new LookupUsersCall { CallId = 3 }, new LookupUsersCall { CallId = 4, UserId = ada } },
        });
        await stream.RequestStream.CompleteAsync();

        var results = await stream.ResponseStream.ReadAllAsync().SelectMany(frame => frame.Results.ToAsyncEnumerable()).ToDictionaryAsync(result => result.CallId);
        Assert.Equal(4, results.Count);
        Assert.All([1ul, 4ul], id => Assert.Equal(ada, results[id].User.UserId));
        Assert.All([2ul, 3ul], id => Assert.Equal((int)StatusCode.PermissionDenied, results[id].Error.Code));
    }

    [Fact]
    public async Task Of_a_batch_of_overviews_those_of_others_are_refused_alone()
    {
        var ada = (await hosts.NewUserAsync()).UserId;
        using var rest = Rest(Tokens.Authority.Person(ada));
        using var response = await rest.PostAsJsonAsync("/v1/overviews:batchGet", new { userIds = (string[])["bob", ada, "carol"] });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var overviews = (await response.Content.ReadFromJsonAsync<JsonNode>())!["overviews"]!.AsArray();
        Assert.Equal([403, 0, 403], overviews.Select(overview => (int?)overview!["problem"]?["status"] ?? 0));
        Assert.Equal(["bob", ada, "carol"], overviews.Select(overview => (string)overview!["userId"]!));
    }

    [Fact]
    public async Task A_notification_of_another_user_is_not_found_like_one_that_does_not_exist_and_stays_unread()
    {
        var (ada, bob) = (await NotifiedAsync(), await NotifiedAsync());
        var inbox = new NotificationsService.NotificationsServiceClient(Tokens.Channel(hosts.NotificationsHost.Grpc, Tokens.Authority.Person(ada.UserId)));

        var others = await Errors.FailsAsync(StatusCode.NotFound, inbox.MarkReadAsync(new() { UserId = ada.UserId, NotificationIds = { bob.NotificationId } }));
        var nobodys = await Errors.FailsAsync(StatusCode.NotFound, inbox.MarkReadAsync(new() { UserId = ada.UserId, NotificationIds = { "none" } }));
        // All or none: its own one neither.
        await Errors.FailsAsync(StatusCode.NotFound, inbox.MarkReadAsync(new() { UserId = ada.UserId, NotificationIds = { ada.NotificationId, bob.NotificationId } }));

        Assert.Equal(nobodys.Message.Replace("none", bob.NotificationId, StringComparison.Ordinal), others.Message);
        foreach (var user in (string[])[ada.UserId, bob.UserId])
            Assert.Equal(1, (await Inbox.ListNotificationsAsync(new() { UserId = user })).UnreadCount);
    }

    [Fact]
    public async Task A_page_token_of_anothers_list_or_of_another_list_of_ones_own_is_refused_as_one_that_is_made_up()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        foreach (var user in (string[])[ada, bob, ada, bob])
            await hosts.Orders.PlaceOrderAsync(Backends.AnOrder(user));
        var token = (await hosts.Orders.ListOrdersAsync(new() { UserId = bob, PageSize = 1 })).NextPageToken;
        var inbox = new NotificationsService.NotificationsServiceClient(Tokens.Channel(hosts.NotificationsHost.Grpc, Tokens.Authority.Person(bob)));

        var madeUp = await Errors.FailsAsync(StatusCode.InvalidArgument, OrdersOf(ada).ListOrdersAsync(new() { UserId = ada, PageToken = "nonsense" }));
        var others = await Errors.FailsAsync(StatusCode.InvalidArgument, OrdersOf(ada).ListOrdersAsync(new() { UserId = ada, PageToken = token }));
        await Errors.FailsAsync(StatusCode.InvalidArgument, inbox.ListNotificationsAsync(new() { UserId = bob, PageToken = token }));

        Assert.Equal(madeUp, others);
        Assert.Single((await OrdersOf(bob).ListOrdersAsync(new() { UserId = bob, PageToken = token })).Orders);
    }

    [Fact]
    public async Task A_command_about_anothers_order_with_the_key_that_its_owner_used_is_not_found_and_not_repeated()
    {
        var order = await hosts.NewOrderAsync();
        var cancel = new CancelOrderRequest { OrderId = order.OrderId, IdempotencyKey = "cancel" };
        await OrdersOf(order.UserId).CancelOrderAsync(cancel);

        Assert.True((await OrdersOf(order.UserId).CancelOrderAsync(cancel)).Replayed);
        await Errors.FailsAsync(StatusCode.NotFound, OrdersOf("bob").CancelOrderAsync(cancel));
        await Errors.FailsAsync(StatusCode.NotFound, OrdersOf("bob").CancelOrderAsync(new CancelOrderRequest(cancel) { Version = 99 }));
    }

    [Theory]
    [InlineData("/v1/users/{0}")]
    [InlineData("/v1/users/{0}/orders")]
    [InlineData("/v1/users/{0}/overview")]
    [InlineData("/v1/users/{0}/events")]
    public async Task A_path_of_another_user_is_refused_also_when_the_gateway_has_its_answer(string path)
    {
        var ada = (await hosts.NewUserAsync()).UserId;
        using var owner = Rest(Tokens.Authority.Person(ada));
        using var other = Rest(Tokens.Authority.Person("bob"));
        using var nobody = new HttpClient { BaseAddress = hosts.Gateway.RestAddress };
        var uri = new Uri(string.Format(System.Globalization.CultureInfo.InvariantCulture, path, ada), UriKind.Relative);

        using var own = await owner.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        using var refused = await other.GetAsync(uri);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        using var unknown = await nobody.GetAsync(uri);
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        Assert.Equal("Bearer", unknown.Headers.WwwAuthenticate.ToString());
    }

    private NotificationsService.NotificationsServiceClient Inbox => new(hosts.NotificationsHost.Channel);

    /// <summary>The notification of an order of a user of its own.</summary>
    private async Task<Notification> NotifiedAsync()
    {
        var order = await hosts.NewOrderAsync();
        Notification? found = null;
        await Eventually.UntilAsync(
            async () => (found = (await Inbox.ListNotificationsAsync(new() { UserId = order.UserId })).Notifications.SingleOrDefault()) is not null, "the notification of the order");
        return found!;
    }

    private OrdersService.OrdersServiceClient OrdersOf(string userId) => new(Tokens.Channel(hosts.OrdersHost.Grpc, Tokens.Authority.Person(userId)));

    private HttpClient Rest(string token) => new(Tokens.Bearer(new SocketsHttpHandler(), token)) { BaseAddress = hosts.Gateway.RestAddress };
}
