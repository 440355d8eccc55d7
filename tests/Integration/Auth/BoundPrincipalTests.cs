using System.Net;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Identity.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Auth;

/// <summary>A service's call stream carries calls of many people, each of which is answered as a unary call of that person's would be.</summary>
public sealed class BoundPrincipalTests(AuthHosts hosts) : IClassFixture<AuthHosts>
{
    private static TestAuthority Authority => Tokens.Authority;

    [Fact]
    public async Task Of_two_users_in_one_batch_each_gets_its_own_and_what_is_refused_is_refused_alone()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        using var stream = OfGateway();

        var answers = await stream.AskAsync(
            [
                (1, Authority.Person(ada)), (2, Authority.Person(bob)), (3, Authority.Operator()), (4, Authority.Person(ada, scopes: ["orders.read"])),
                (5, "garbage"), (6, Authority.Workload("gateway")), (7, Authority.Sign(Authority.Claims("gateway", "app", ["workload"], []))),
            ],
            (1, ada), (1, bob), (2, bob), (2, ada), (0, ada), (3, ada), (4, ada), (5, ada), (6, ada), (7, ada), (8, ada), (1, ada));

        Assert.Equal(
            [ada, "NOT_YOURS", bob, "NOT_YOURS", ada, ada, "SCOPE_MISSING", "TOKEN_INVALID", "MAY_NOT_BIND", "SCOPE_MISSING", "PRINCIPAL_UNKNOWN", ada],
            answers);
    }

    [Fact]
    public async Task Orders_are_those_of_whom_the_call_is_made_for()
    {
        var (ada, bob) = ((await hosts.NewOrderAsync()).UserId, (await hosts.NewOrderAsync()).UserId);
        using var channel = Tokens.Channel(hosts.OrdersHost.Grpc, Authority.Workload("gateway"));
        using var stream = new OrdersService.OrdersServiceClient(channel).LookupOrders();
        await stream.RequestStream.WriteAsync(new LookupOrdersRequest
        {
            Bind = { new CallPrincipal { PrincipalId = 1, Token = Authority.Person(ada) } },
            Calls = { new LookupOrdersCall { CallId = 1, PrincipalId = 1, UserId = ada }, new LookupOrdersCall { CallId = 2, PrincipalId = 1, UserId = bob }, new LookupOrdersCall { CallId = 3, UserId = bob } },
        });
        await stream.RequestStream.CompleteAsync();

        var results = await stream.ResponseStream.ReadAllAsync().SelectMany(frame => frame.Results.ToAsyncEnumerable()).ToDictionaryAsync(result => result.CallId);

        Assert.Equal(ada, Assert.Single(results[1].Latest.Orders).UserId);
        Assert.Equal("NOT_YOURS", results[2].Error.Reason());
        Assert.Equal(bob, Assert.Single(results[3].Latest.Orders).UserId);
    }

    [Fact]
    public async Task Nobody_binds_but_a_service_that_the_contract_names()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        foreach (var token in (string[])[Authority.Person(ada), Authority.Operator()])
        {
            using var stream = new BoundStream(hosts.UsersHost.Grpc, token);
            Assert.Equal([ada, "MAY_NOT_BIND", "MAY_NOT_BIND"], await stream.AskAsync([(1, Authority.Person(bob)), (2, token)], (0, ada), (1, bob), (2, ada)));
        }

        using var orders = new BoundStream(hosts.UsersHost.Grpc, Authority.Workload("orders"));
        Assert.Equal([bob], await orders.AskAsync([(1, Authority.Person(bob))], (1, bob)));
        using var notifications = new BoundStream(hosts.UsersHost.Grpc, Authority.Workload("notifications"));
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => notifications.AskAsync([(1, Authority.Person(bob))], (1, bob)))).StatusCode);
    }

    [Fact]
    public async Task A_token_that_expires_ends_its_owners_calls_and_not_the_stream()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        using var stream = OfGateway();
        Assert.Equal([ada, bob], await stream.AskAsync([(1, Authority.Person(ada, lifetime: TimeSpan.FromSeconds(1))), (2, Authority.Person(bob))], (1, ada), (2, bob)));

        await Eventually.UntilAsync(async () => (await stream.AskAsync([], (1, ada)))[0] == "TOKEN_EXPIRED", "the token has expired");

        Assert.Equal(["TOKEN_EXPIRED", bob], await stream.AskAsync([], (1, ada), (2, bob)));
        Assert.Equal([ada], await stream.AskAsync([(1, Authority.Person(ada))], (1, ada)));
    }

    [Fact]
    public async Task A_token_that_is_revoked_ends_its_owners_calls_and_the_gateway_asks_in_its_name()
    {
        var (ada, bob) = ((await hosts.NewUserAsync()).UserId, (await hosts.NewUserAsync()).UserId);
        var token = Authority.Person(ada);
        using var stream = OfGateway();
        using var rest = new HttpClient(Tokens.Bearer(new SocketsHttpHandler(), token)) { BaseAddress = hosts.Gateway.RestAddress };
        Assert.Equal([ada, bob], await stream.AskAsync([(1, token), (2, Authority.Person(bob))], (1, ada), (2, bob)));
        Assert.Equal(HttpStatusCode.OK, await OverviewAsync(rest));

        // At Users alone: the gateway lets her in as before.
        var now = DateTimeOffset.UtcNow;
        hosts.UsersHost.Services.GetRequiredService<Revocations>().Add(new WatchRevocationsResponse
        {
            Revocations = { new Revocation { UserId = ada, NotBefore = Timestamp.FromDateTimeOffset(now.AddSeconds(2)), ExpireTime = Timestamp.FromDateTimeOffset(now.AddMinutes(10)) } },
        });

        Assert.Equal(["TOKEN_REVOKED", bob], await stream.AskAsync([], (1, ada), (2, bob)));
        Assert.Equal(HttpStatusCode.Unauthorized, await OverviewAsync(rest));
        using var asOperator = new HttpClient(Tokens.Bearer(new SocketsHttpHandler(), Authority.Operator())) { BaseAddress = hosts.Gateway.RestAddress };
        Assert.Equal(HttpStatusCode.OK, await OverviewAsync(asOperator));

        async Task<HttpStatusCode> OverviewAsync(HttpClient client)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{ada}/overview") { Headers = { CacheControl = new() { NoCache = true } } };
            using var response = await client.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task A_stream_keeps_so_many_principals_and_says_so_of_the_one_it_has_forgotten()
    {
        var ada = (await hosts.NewUserAsync()).UserId;
        using var stream = OfGateway();
        Assert.Equal([ada], await stream.AskAsync([(1, Authority.Person(ada))], (1, ada)));

        for (var first = 2; first < 2 + CallPrincipals.MaxKept; first += CallPrincipals.MaxPerFrame)
            Assert.Equal([ada], await stream.AskAsync([.. Enumerable.Range(first, CallPrincipals.MaxPerFrame).Select(number => ((uint)number, "unused"))], (0, ada)));

        Assert.Equal(["PRINCIPAL_UNKNOWN", "TOKEN_INVALID"], await stream.AskAsync([], (1, ada), (3, ada)));
        Assert.Equal([ada], await stream.AskAsync([(9000, Authority.Person(ada))], (9000, ada)));
    }

    private BoundStream OfGateway() => new(hosts.UsersHost.Grpc, Authority.Workload("gateway"));
}
