using System.Net.Http.Headers;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Auth;

/// <summary>A stream lives as long as the tokens that its caller shows on it. A token of a second is good for six, with what clocks may differ by.</summary>
public sealed class StreamTokenTests(AuthHosts hosts) : IClassFixture<AuthHosts>
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task An_event_stream_goes_on_with_a_newer_token_and_ends_without_one()
    {
        var ada = (await hosts.NewUserAsync()).UserId;
        var token = Token(ada, lifetime: Short);
        using var silent = await WatchAsync(token);
        using var renewed = await WatchAsync(token);
        await SubscribedAsync(silent, 1, ada);
        await SubscribedAsync(renewed, 1, ada);

        var until = await RenewAsync(renewed, Token(ada));
        var ended = await EndAsync(silent);

        Assert.InRange(until, DateTimeOffset.UtcNow.AddMinutes(3), DateTimeOffset.UtcNow.AddMinutes(6));
        Assert.Equal(StatusCode.Unauthenticated, ended.StatusCode);
        Assert.Equal("TOKEN_EXPIRED", ended.GetRpcStatus()!.Reason());
        await SubscribedAsync(renewed, 2, ada);
    }

    [Fact]
    public async Task A_token_that_is_not_valid_or_is_somebody_elses_ends_an_event_stream()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        foreach (var (token, code, reason) in (IEnumerable<(string, StatusCode, string)>)[
            (Token(bob), StatusCode.PermissionDenied, "OTHER_CALLER"),
            (Tokens.Authority.Workload("gateway"), StatusCode.PermissionDenied, "OTHER_CALLER"),
            (Tokens.Authority.Person(ada, scopes: ["users.read"]), StatusCode.PermissionDenied, "SCOPE_MISSING"),
            ("nonsense", StatusCode.Unauthenticated, "TOKEN_INVALID"),
            ("", StatusCode.Unauthenticated, "TOKEN_INVALID")])
        {
            using var stream = await WatchAsync(Token(ada));
            await SubscribedAsync(stream, 1, ada);
            await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Authenticate = new EventAuthenticate { Token = token } });

            var ended = await EndAsync(stream);
            Assert.Equal((code, reason), (ended.StatusCode, ended.GetRpcStatus()!.Reason()));
        }
    }

    [Fact]
    public async Task With_fewer_rights_the_subscriptions_concerned_fail_and_the_others_go_on()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        using var stream = await WatchAsync(Tokens.Authority.Operator(ada));
        await SubscribedAsync(stream, 1, ada);
        await SubscribedAsync(stream, 2, bob);

        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Authenticate = new EventAuthenticate { Token = Token(ada) } });

        var failed = await FrameAsync(stream, frame => frame.Failed is not null || frame.Authenticated is not null);
        Assert.Equal((2u, (int)StatusCode.PermissionDenied), (failed.Failed.SubscriptionId, failed.Failed.Status.Code));
        Assert.NotNull((await FrameAsync(stream, frame => frame.Failed is not null || frame.Authenticated is not null)).Authenticated);
        await SubscribedAsync(stream, 3, ada);
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Subscribe = new() { SubscriptionId = 4, Key = bob, Snapshot = true } });
        Assert.Equal(4u, (await FrameAsync(stream, frame => frame.Failed is not null)).Failed.SubscriptionId);
    }

    [Fact]
    public async Task A_call_stream_is_asked_to_end_when_its_token_expires()
    {
        var ada = (await hosts.NewUserAsync()).UserId;
        using var channel = Tokens.Channel(hosts.OrdersHost.Grpc, Token(ada, lifetime: Short));
        using var stream = new OrdersService.OrdersServiceClient(channel).LookupOrders();
        await stream.ResponseHeadersAsync.WaitAsync(Eventually.Timeout);

        var draining = false;
        while (!draining && await stream.ResponseStream.MoveNext(default).WaitAsync(Eventually.Timeout))
            draining = stream.ResponseStream.Current.Control?.Draining is not null;

        Assert.True(draining);
    }

    [Fact]
    public async Task Commands_after_the_token_has_expired_are_not_taken()
    {
        var ada = (await hosts.NewUserAsync()).UserId;
        var token = Token(ada, lifetime: Short);
        using var channel = Tokens.Channel(hosts.OrdersHost.Grpc, token);
        using var stream = new OrdersService.OrdersServiceClient(channel).PlaceOrders();
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "1", Command = Backends.AnOrder(ada) });
        Assert.True(await stream.ResponseStream.MoveNext(default).WaitAsync(Eventually.Timeout));
        Assert.NotNull(stream.ResponseStream.Current.Placed);

        using var same = await WatchAsync(token);
        await EndAsync(same);
        await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "2", Command = Backends.AnOrder(ada) });

        var refused = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(default).WaitAsync(Eventually.Timeout));
        Assert.Equal("TOKEN_EXPIRED", refused.GetRpcStatus()!.Reason());
        Assert.Single((await hosts.Orders.ListOrdersAsync(new ListOrdersRequest { UserId = ada })).Orders);
    }

    [Fact]
    public async Task Events_over_HTTP_end_in_good_order_when_the_token_expires()
    {
        var ada = (await hosts.NewUserAsync()).UserId;
        using var http = new HttpClient { BaseAddress = hosts.Gateway.RestAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{ada}/events");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token(ada, lifetime: Short));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Eventually.Timeout);

        var events = await response.Content.ReadAsStringAsync().WaitAsync(Eventually.Timeout);

        Assert.Contains("event: end\n", events, StringComparison.Ordinal);
    }

    private static string Token(string userId, TimeSpan? lifetime = null) => Tokens.Authority.Person(userId, lifetime: lifetime);

    private async Task<AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse>> WatchAsync(string token)
    {
        var stream = new OrdersService.OrdersServiceClient(Tokens.Channel(hosts.OrdersHost.Grpc, token)).WatchOrders();
        await stream.ResponseHeadersAsync.WaitAsync(Eventually.Timeout);
        return stream;
    }

    private static async Task SubscribedAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, uint id, string userId)
    {
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Subscribe = new() { SubscriptionId = id, Key = userId, Snapshot = true } });
        await FrameAsync(stream, frame => frame.Subscribed?.SubscriptionId == id);
    }

    private static async Task<DateTimeOffset> RenewAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, string token)
    {
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Authenticate = new EventAuthenticate { Token = token } });
        return (await FrameAsync(stream, frame => frame.Authenticated is not null)).Authenticated.ExpireTime.ToDateTimeOffset();
    }

    private static async Task<WatchOrdersResponse> FrameAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, Func<WatchOrdersResponse, bool> wanted)
    {
        while (await stream.ResponseStream.MoveNext(default).WaitAsync(Eventually.Timeout))
        {
            if (wanted(stream.ResponseStream.Current))
                return stream.ResponseStream.Current;
        }

        throw new InvalidOperationException("The stream has ended.");
    }

    private static async Task<RpcException> EndAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream) =>
        await Assert.ThrowsAsync<RpcException>(() => FrameAsync(stream, _ => false));
}
