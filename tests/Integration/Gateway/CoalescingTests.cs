using System.Net;
using System.Text.Json;
using Microservices.Orders.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>How many calls, and frames, many overviews cost the services behind the gateway.</summary>
public sealed class CoalescingTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;

    public CoalescingTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
    }

    [Fact]
    public async Task A_thousand_identical_cold_requests_are_one_call_a_part()
    {
        var (user, orders) = gateway.Hold();
        using var shared = new SharedCalls(gateway);
        var (users, lists) = (gateway.Users.Lookups, gateway.Orders.Lookups);

        var answers = Enumerable.Range(0, 1_000).Select(_ => gateway.Rest.GetAsync("/v1/users/ada/overview")).ToArray();
        await shared.UntilAsync(2 * 999);
        user.Release();
        orders.Release();

        foreach (var answer in await Task.WhenAll(answers))
            Assert.True((await answer.JsonAsync()).GetProperty("complete").GetBoolean());
        Assert.Equal((1, 1), (gateway.Users.Lookups - users, gateway.Orders.Lookups - lists));
    }

    [Fact]
    public async Task A_leader_who_hangs_up_leaves_its_followers_their_answer()
    {
        var (user, orders) = gateway.Hold();
        using var shared = new SharedCalls(gateway);
        using var hangUp = new CancellationTokenSource();
        var (users, lists) = (gateway.Users.Lookups, gateway.Orders.Lookups);
        var leader = gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/overview", cancellationToken: hangUp.Token);
        await user.Arrived;
        await orders.Arrived;
        var follower = gateway.Rest.GetAsync("/v1/users/ada/overview");
        await shared.UntilAsync(2);

        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leader);
        user.Release();
        orders.Release();

        Assert.True((await (await follower).JsonAsync()).GetProperty("complete").GetBoolean());
        Assert.Equal((1, 1), (gateway.Users.Lookups - users, gateway.Orders.Lookups - lists));
    }

    [Fact]
    public async Task A_hundred_ids_are_a_lookup_each_in_at_most_two_frames_a_part()
    {
        await gateway.Rest.GetAsync("/v1/users/warm/overview");
        var before = (Users: gateway.Users.Lookups, UserFrames: gateway.Users.Frames, Orders: gateway.Orders.Lookups, OrderFrames: gateway.Orders.Frames);

        var batch = await BatchAsync(new { userIds = Enumerable.Range(0, 100).Select(i => $"u{i}") });

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"u{i}"), batch.GetProperty("overviews").EnumerateArray().Select(one => one.Text("userId")));
        Assert.All(batch.GetProperty("overviews").EnumerateArray(), one => Assert.True(one.GetProperty("overview").GetProperty("complete").GetBoolean()));
        Assert.Equal((100, 100), (gateway.Users.Lookups - before.Users, gateway.Orders.Lookups - before.Orders));
        Assert.InRange(gateway.Users.Frames - before.UserFrames, 1, 2);
        Assert.InRange(gateway.Orders.Frames - before.OrderFrames, 1, 2);
    }

    [Fact]
    public async Task Each_of_a_batch_has_its_own_overview_or_problem()
    {
        gateway.Users.OnGet = (request, _) => request.UserId == "nobody"
            ? throw GatewayFixture.Contract("users.v1", Grpc.Core.StatusCode.NotFound, "NOT_FOUND", "There is no user with id 'nobody'.")
            : Task.FromResult(new GetUserResponse { User = GatewayFixture.User(request.UserId) });
        gateway.Orders.OnList = (request, _) => request.UserId == "bob"
            ? throw GatewayFixture.Internal(Grpc.Core.StatusCode.Unavailable)
            : Task.FromResult(new ListOrdersResponse());

        var found = (await BatchAsync(new { userIds = "ada nobody bob".Split(' ') })).GetProperty("overviews");

        Assert.Equal(["ada", "nobody", "bob"], found.EnumerateArray().Select(one => one.Text("userId")));
        Assert.True(found[0].GetProperty("overview").GetProperty("complete").GetBoolean());
        Http.CheckProblem(found[1].GetProperty("problem"), 404);
        Assert.False(found[1].TryGetProperty("overview", out _));
        Assert.Equal("error", found[2].GetProperty("overview").GetProperty("orders").Text("status"));
    }

    [Theory]
    [InlineData("""{}""", "userIds")]
    [InlineData("""{"userIds":[]}""", "userIds")]
    [InlineData("""{"userIds":["ada",null]}""", "userIds[1]")]
    [InlineData("""{"userIds":["ada",1]}""", "userIds[1]")]
    [InlineData("""{"userIds":["ada","bob","ada"]}""", "userIds[2]")]
    [InlineData("""{"userIds":["ada"],"fields":["user","all"]}""", "fields")]
    [InlineData("""{"userIds":["ada"],"fields":[]}""", "fields")]
    [InlineData("""{"userIds":["ada"],"orderLimit":-1}""", "orderLimit")]
    [InlineData("""{"userIds":["ada"],"ids":[]}""", "ids")]
    public async Task A_batch_that_is_not_right_is_refused_by_the_name_of_the_field(string json, string field) =>
        Assert.Equal([field], (await (await gateway.Rest.PostAsync("/v1/overviews:batchGet", Http.Body(json))).ProblemAsync(400)).Fields());

    [Fact]
    public async Task A_batch_of_more_than_a_hundred_is_refused() =>
        Assert.Equal(["userIds"], (await (await gateway.Rest.PostAsync("/v1/overviews:batchGet", Http.Body(
            JsonSerializer.Serialize(new { userIds = Enumerable.Range(0, 101).Select(i => $"u{i}") })))).ProblemAsync(400)).Fields());

    private async Task<JsonElement> BatchAsync(object request)
    {
        var response = await gateway.Rest.PostAsync("/v1/overviews:batchGet", Http.Body(JsonSerializer.Serialize(request)));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.JsonAsync();
    }
}
