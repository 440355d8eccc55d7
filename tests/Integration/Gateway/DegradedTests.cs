using System.Net;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>What stands in for a backend that fails, and what is kept from one that hangs.</summary>
public sealed class DegradedTests : IAsyncLifetime, IDisposable
{
    private readonly GatewayFixture gateway = new();

    public async Task InitializeAsync()
    {
        foreach (var backend in (string[])["Users", "Orders"])
        {
            gateway.Settings[$"Backends:{backend}:MinConcurrency"] = "8";
            gateway.Settings[$"Backends:{backend}:MaxConcurrency"] = "8";
        }

        gateway.Settings["Gateway:MaxStale"] = "00:10:00";
        await gateway.InitializeAsync();
    }

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Theory]
    [InlineData(StatusCode.Unavailable, 503)]
    [InlineData(StatusCode.DeadlineExceeded, 504)]
    public async Task Orders_that_cannot_be_had_may_be_those_of_before_if_the_caller_takes_them(StatusCode code, int status)
    {
        await gateway.Rest.GetAsync("/v1/users/ada/overview");
        gateway.Orders.OnList = (_, _) => throw GatewayFixture.Internal(code);

        var response = await GetAsync("/v1/users/ada/overview", "stale-if-error=300");
        var overview = await response.JsonAsync();

        Assert.False(overview.GetProperty("complete").GetBoolean());
        Assert.Equal("stale", overview.GetProperty("orders").Text("status"));
        Assert.Equal(1, overview.GetProperty("orders").GetProperty("data").GetArrayLength());
        Http.CheckProblem(overview.GetProperty("orders").GetProperty("problem"), status);
        Assert.Equal(overview.GetProperty("orders").GetProperty("ageSeconds").GetInt32(), response.Headers.Age?.TotalSeconds);
        Assert.InRange(response.Headers.Age!.Value.TotalSeconds, 0, 300);
        Assert.True(response.Headers.CacheControl?.NoStore);
    }

    [Theory]
    [InlineData("/v1/users/ada/overview", null)]
    [InlineData("/v1/users/ada/overview", "stale-if-error=0")]
    [InlineData("/v1/users/ada/overview", "stale-if-error=soon")]
    [InlineData("/v1/users/ada/overview?orderLimit=3", "stale-if-error=300")]
    [InlineData("/v1/users/bob/overview", "stale-if-error=300")]
    public async Task Nothing_stands_in_that_was_not_asked_for_or_never_given(string path, string? cacheControl)
    {
        await gateway.Rest.GetAsync("/v1/users/ada/overview");
        gateway.Orders.OnList = (_, _) => throw GatewayFixture.Internal(StatusCode.Unavailable);

        var response = await GetAsync(path, cacheControl);

        Assert.Equal("error", (await response.JsonAsync()).GetProperty("orders").Text("status"));
        Assert.Null(response.Headers.Age);
    }

    [Theory]
    [InlineData(StatusCode.Internal, "error")]
    [InlineData(StatusCode.ResourceExhausted, "shed")]
    [InlineData(StatusCode.PermissionDenied, "error")]
    public async Task Nothing_stands_in_for_a_failure_of_another_kind(StatusCode code, string status)
    {
        await gateway.Rest.GetAsync("/v1/users/ada/overview");
        gateway.Orders.OnList = (_, _) => throw GatewayFixture.Internal(code);

        Assert.Equal(status, (await (await GetAsync("/v1/users/ada/overview", "stale-if-error=300")).JsonAsync()).GetProperty("orders").Text("status"));
        await (await GetAsync("/v1/users/ada/overview?strict=true", "stale-if-error=300")).ProblemAsync(code switch { StatusCode.Internal => 502, StatusCode.PermissionDenied => 403, _ => 503 });
    }

    [Fact]
    public async Task A_gRPC_caller_says_how_stale_and_which_parts()
    {
        var request = new GetOverviewRequest { UserId = "ada", MaxStale = Duration.FromTimeSpan(TimeSpan.FromMinutes(5)), ReadMask = new FieldMask { Paths = { "orders" } } };
        await gateway.Grpc.GetOverviewAsync(request);
        gateway.Orders.OnList = (_, _) => throw GatewayFixture.Internal(StatusCode.Unavailable);
        gateway.Users.OnGet = (_, _) => throw GatewayFixture.Internal(StatusCode.Unavailable);

        var overview = (await gateway.Grpc.GetOverviewAsync(request)).Overview;

        Assert.Null(overview.User);
        Assert.Equal(PartStatus.Stale, overview.Orders.Status);
        Assert.Single(overview.Orders.Orders);
        Assert.NotNull(overview.Orders.Age);
        foreach (var (bad, field) in new[]
        {
            (new GetOverviewRequest { ReadMask = new FieldMask { Paths = { "user.email" } } }, "read_mask"),
            (new GetOverviewRequest { MaxStale = new Duration { Seconds = -1 } }, "max_stale"),
        })
            Assert.Equal([field], (await Errors.FailsAsync(StatusCode.InvalidArgument, gateway.Grpc.GetOverviewAsync(bad))).Fields());
    }

    [Fact]
    public async Task Orders_that_hang_are_shed_beyond_their_limit_and_leave_users_as_they_were()
    {
        var held = new HeldCall();
        gateway.Orders.OnList = async (_, context) =>
        {
            await held.HoldAsync(context);
            return new ListOrdersResponse();
        };
        var before = gateway.Orders.Lookups;
        var hanging = Enumerable.Range(0, 8).Select(i => gateway.Rest.SendAsync(HttpMethod.Get, $"/v1/users/u{i}/overview", header: ("Request-Timeout", "60"))).ToList();
        await Eventually.UntilAsync(() => gateway.Orders.Lookups - before == 8, "as many hang as may");

        var overview = await (await gateway.Rest.GetAsync("/v1/users/one-more/overview")).JsonAsync();
        Assert.Equal("shed", overview.GetProperty("orders").Text("status"));
        Assert.Equal("ok", overview.GetProperty("user").Text("status"));
        await (await gateway.Rest.GetAsync("/v1/users/one-more/overview?strict=true")).ProblemAsync(503);
        Assert.Equal("ada", (await (await gateway.Rest.GetAsync("/v1/users/ada")).JsonAsync()).Text("userId"));
        // None of it has waited for those that hang.
        Assert.DoesNotContain(hanging, answer => answer.IsCompleted);

        held.Release();
        foreach (var answer in await Task.WhenAll(hanging))
            Assert.True((await answer.JsonAsync()).GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task Unary_calls_that_hang_are_shed_beyond_their_limit()
    {
        var (held, arrived) = (new HeldCall(), 0);
        gateway.Orders.OnList = async (_, context) =>
        {
            Interlocked.Increment(ref arrived);
            await held.HoldAsync(context);
            return new ListOrdersResponse();
        };
        var hanging = Enumerable.Range(0, 8).Select(_ => gateway.Rest.GetAsync("/v1/users/ada/orders")).ToList();
        await Eventually.UntilAsync(() => Volatile.Read(ref arrived) == 8, "as many hang as may");

        await (await gateway.Rest.GetAsync("/v1/users/ada/orders")).ProblemAsync(503);
        Assert.Equal("ada", (await (await gateway.Rest.GetAsync("/v1/users/ada")).JsonAsync()).Text("userId"));

        held.Release();
        await Task.WhenAll(hanging);
        Assert.True((await gateway.Rest.GetAsync("/v1/users/ada/orders")).IsSuccessStatusCode);
    }

    [Fact]
    public Task A_user_whose_calls_hang_leaves_room_for_those_of_others() =>
        LeavesRoomAsync($"{HttpStatusCode.ServiceUnavailable}", $"{HttpStatusCode.OK}", async (user, rest, _) =>
        {
            using var answer = await rest.GetAsync($"/v1/users/{user}/orders");
            return $"{answer.StatusCode}";
        });

    // Each asks for another number of orders, so that none is shared.
    [Fact]
    public Task A_user_whose_overviews_hang_leaves_room_for_those_of_others() =>
        LeavesRoomAsync("shed", "ok", async (user, rest, limit) =>
        {
            using var answer = await rest.GetAsync($"/v1/users/{user}/overview?orderLimit={limit}");
            return (await answer.JsonAsync()).GetProperty("orders").Text("status")!;
        });

    [Fact]
    public async Task A_part_that_is_too_large_fails_alone()
    {
        gateway.Orders.OnList = (request, _) =>
        {
            var order = GatewayFixture.Order("o1", request.UserId);
            order.Lines[0].ProductId = new string('x', 600 << 10);
            return Task.FromResult(new ListOrdersResponse { Orders = { order } });
        };

        var orders = (await (await gateway.Rest.GetAsync("/v1/users/ada/overview")).JsonAsync()).GetProperty("orders");

        Assert.Equal("error", orders.Text("status"));
        Assert.Equal("PART_TOO_LARGE", orders.GetProperty("problem").Text("reason"));
    }

    /// <summary>One user asks twenty times for what hangs, where eight calls are the limit: what is beyond three quarters is refused, and another user is served.</summary>
    private async Task LeavesRoomAsync(string whenRefused, string whenServed, Func<string, HttpClient, int, Task<string>> askAsync)
    {
        var held = new HeldCall();
        gateway.Orders.OnList = async (request, context) =>
        {
            if (request.UserId == "greedy")
                await held.HoldAsync(context);
            return new ListOrdersResponse();
        };
        using var greedy = Client("greedy");
        using var ada = Client("ada");
        var refused = 0;
        var hanging = Enumerable.Range(1, 20).Select(async i =>
        {
            if (await askAsync("greedy", greedy, i) == whenRefused)
                Interlocked.Increment(ref refused);
        }).ToList();
        await Eventually.UntilAsync(() => Volatile.Read(ref refused) == 20 - 6, "three quarters of the limit hang, and the rest is refused");

        for (var i = 1; i <= 10; i++)
            Assert.Equal(whenServed, await askAsync("ada", ada, i));

        held.Release();
        await Task.WhenAll(hanging);
    }

    private HttpClient Client(string user) => new(Tokens.Bearer(new SocketsHttpHandler(), Tokens.Of(user))) { BaseAddress = gateway.Gateway.RestAddress };

    private Task<HttpResponseMessage> GetAsync(string path, string? cacheControl) =>
        gateway.Rest.SendAsync(HttpMethod.Get, path, header: cacheControl is null ? null : ("Cache-Control", cacheControl));
}
