using Google.Rpc;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Orders.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Gateway;

public sealed class GrpcOverviewTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;

    public GrpcOverviewTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
    }

    [Fact]
    public async Task GetOverview_has_the_user_and_the_orders()
    {
        var overview = (await gateway.Grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada" })).Overview;

        Assert.Equal(new Overview
        {
            UserId = "ada",
            Complete = true,
            User = GatewayFixture.User("ada"),
            Orders = new OrdersPart { Status = PartStatus.Ok, Orders = { GatewayFixture.Order("o1", "ada") } },
        }, overview);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, PartStatus.Error)]
    [InlineData(StatusCode.DeadlineExceeded, PartStatus.Timeout)]
    [InlineData(StatusCode.ResourceExhausted, PartStatus.Shed)]
    public async Task GetOverview_without_its_orders_says_why(StatusCode code, PartStatus status)
    {
        gateway.Orders.OnList = (_, _) => throw GatewayFixture.Internal(code);

        var overview = (await gateway.Grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada" })).Overview;

        Assert.False(overview.Complete);
        Assert.Equal(GatewayFixture.User("ada"), overview.User);
        Assert.Equal(status, overview.Orders.Status);
        Assert.Equal((int)code, overview.Orders.Error.Code);
        Assert.DoesNotContain("hunter2", overview.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, StatusCode.Unavailable)]
    [InlineData(StatusCode.PermissionDenied, StatusCode.PermissionDenied)]
    [InlineData(StatusCode.Unimplemented, StatusCode.Internal)]
    [InlineData(StatusCode.Unknown, StatusCode.Internal)]
    public async Task GetOverview_without_its_user_fails_as_the_user_did_but_for_the_text(StatusCode code, StatusCode expected)
    {
        gateway.Users.OnGet = (_, _) => throw GatewayFixture.Internal(code);

        var error = await Assert.ThrowsAsync<RpcException>(() => gateway.Grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada" }).ResponseAsync);

        Assert.Equal(expected, error.StatusCode);
        Assert.Equal("gateway.v1", error.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Domain);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetOverview_leaves_out_orders_that_are_too_slow_before_the_caller_gives_up()
    {
        await gateway.Grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada" });
        var orders = HoldOrders();

        var overview = (await gateway.Grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada" }, deadline: DateTime.UtcNow.AddSeconds(3))).Overview;

        Assert.Equal(PartStatus.Timeout, overview.Orders.Status);
        await orders.Cancelled;
    }

    [Fact]
    public async Task GetOverview_names_a_bad_limit()
    {
        var error = await Assert.ThrowsAsync<RpcException>(
            () => gateway.Grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada", OrderLimit = -1 }).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal("order_limit", error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field);
    }

    [Fact]
    public async Task A_caller_of_GetOverview_who_hangs_up_cancels_the_parts()
    {
        var orders = HoldOrders();
        using var call = gateway.Grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada" });
        await orders.Arrived;
        call.Dispose();
        await orders.Cancelled;
    }

    [Fact]
    public async Task A_service_that_the_gateway_does_not_have_is_unimplemented()
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => gateway.Client<UsersService.UsersServiceClient>().GetUserAsync(new GetUserRequest()).ResponseAsync);
        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
    }

    [Fact]
    public async Task LookupOverviews_answers_each_call_on_its_own_as_it_is_ready()
    {
        var slow = new HeldCall();
        gateway.Users.OnGet = async (request, context) =>
        {
            if (request.UserId == "slow")
                await slow.HoldAsync(context);
            return request.UserId == "nobody"
                ? throw GatewayFixture.Contract("users.v1", StatusCode.NotFound)
                : new GetUserResponse { User = GatewayFixture.User(request.UserId) };
        };
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);
        Assert.Equal(4u, stream.Credit);

        await stream.CallAsync((1, "slow", 0), (2, "ada", 0), (3, "nobody", 0));
        var early = new[] { await stream.ResultAsync(), await stream.ResultAsync() }.OrderBy(result => result.CallId).ToArray();
        Assert.Equal("ada", early[0].Overview.UserId);
        Assert.Equal((int)StatusCode.NotFound, early[1].Error.Code);
        Assert.Equal([2ul, 3ul], early.Select(result => result.CallId));

        slow.Release();
        Assert.Equal(1ul, (await stream.ResultAsync()).CallId);
        Assert.Empty(await stream.FinishAsync());
    }

    [Fact]
    public async Task LookupOverviews_refuses_a_duplicate_and_what_is_beyond_the_credit()
    {
        var slow = HoldOrders();
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);

        await stream.CallAsync((1, "a", 0), (1, "b", 0));
        var duplicate = await stream.ResultAsync();
        Assert.Equal((1ul, (int)StatusCode.AlreadyExists), (duplicate.CallId, duplicate.Error.Code));

        await stream.CallAsync((2, "a", 0), (3, "a", 0), (4, "a", 0), (5, "a", 0));
        var beyond = await stream.ResultAsync();
        Assert.Equal((5ul, (int)StatusCode.ResourceExhausted), (beyond.CallId, beyond.Error.Code));

        slow.Release();
        var rest = await stream.FinishAsync();
        Assert.Equal([1ul, 2, 3, 4], rest.Select(result => result.CallId).Order().ToArray());
        Assert.All(rest, result => Assert.True(result.Overview.Complete));
    }

    [Fact]
    public async Task LookupOverviews_gives_credit_back_with_every_answer()
    {
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);
        for (ulong id = 1; id <= 200; id += 4)
        {
            await stream.CallAsync([.. Enumerable.Range(0, 4).Select(i => (id + (ulong)i, "ada", 0u))]);
            for (var i = 0; i < 4; i++)
                Assert.True((await stream.ResultAsync()).Overview.Complete);
        }

        Assert.Empty(await stream.FinishAsync());
    }

    [Fact]
    public async Task LookupOverviews_cancels_one_call_and_its_parts_only()
    {
        var slow = HoldOrders(user: "slow");
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);

        await stream.CallAsync((1, "slow", 0));
        await slow.Arrived;
        await stream.CancelAsync(1, 77);
        var cancelled = await stream.ResultAsync();
        Assert.Equal((1ul, (int)StatusCode.Cancelled), (cancelled.CallId, cancelled.Error.Code));
        await slow.Cancelled;

        await stream.CallAsync((1, "ada", 0));
        Assert.True((await stream.ResultAsync()).Overview.Complete);
        Assert.Empty(await stream.FinishAsync());
    }

    [Fact]
    public async Task LookupOverviews_keeps_to_the_timeout_of_each_call()
    {
        var user = new HeldCall();
        gateway.Users.OnGet = async (request, context) =>
        {
            if (request.UserId == "slow")
                await user.HoldAsync(context);
            return new GetUserResponse { User = GatewayFixture.User(request.UserId) };
        };
        HoldOrders(user: "few");
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);

        await stream.CallAsync((1, "slow", 2_000));
        Assert.Equal((int)StatusCode.DeadlineExceeded, (await stream.ResultAsync()).Error.Code);
        await user.Cancelled;

        // The answer is due a tenth of the time before the call's own end: a machine that stands still for that long gets none.
        var few = await FewAsync(2);
        for (ulong id = 3; few.Overview is null && id < 8; id++)
            few = await FewAsync(id);
        Assert.Equal(PartStatus.Timeout, few.Overview!.Orders.Status);

        async Task<LookupOverviewsResult> FewAsync(ulong id)
        {
            await stream.CallAsync((id, "few", 2_000));
            return await stream.ResultAsync();
        }
    }

    [Fact]
    public async Task LookupOverviews_ends_when_a_frame_has_too_many_calls()
    {
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);
        await stream.CallAsync([.. Enumerable.Range(1, 101).Select(i => ((ulong)i, "ada", 0u))]);
        var error = await Assert.ThrowsAsync<RpcException>(() => stream.ResultAsync());
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task A_caller_of_LookupOverviews_who_is_gone_cancels_all_its_calls()
    {
        var (one, two) = (HoldOrders(user: "one"), HoldUser("two"));
        var stream = await LookupStream.OpenAsync(gateway.Grpc);
        await stream.CallAsync((1, "one", 0), (2, "two", 0));
        await one.Arrived;
        await two.Arrived;
        await stream.DisposeAsync();
        await one.Cancelled;
        await two.Cancelled;
    }

    private HeldCall HoldOrders(string? user = null)
    {
        var held = new HeldCall();
        gateway.Orders.OnList = async (request, context) =>
        {
            if (user is null || request.UserId == user)
                await held.HoldAsync(context);
            return new ListOrdersResponse();
        };
        return held;
    }

    private HeldCall HoldUser(string user)
    {
        var held = new HeldCall();
        gateway.Users.OnGet = async (request, context) =>
        {
            if (request.UserId == user)
                await held.HoldAsync(context);
            return new GetUserResponse { User = GatewayFixture.User(request.UserId) };
        };
        return held;
    }
}
