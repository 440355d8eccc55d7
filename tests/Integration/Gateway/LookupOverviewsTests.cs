using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Gateway;

public sealed class LookupOverviewsTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;

    public LookupOverviewsTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
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
        var slow = gateway.HoldOrders();
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
        var slow = gateway.HoldOrders(user: "slow");
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
        gateway.HoldOrders(user: "few");
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
        var (one, two) = (gateway.HoldOrders(user: "one"), gateway.HoldUser("two"));
        var stream = await LookupStream.OpenAsync(gateway.Grpc);
        await stream.CallAsync((1, "one", 0), (2, "two", 0));
        await one.Arrived;
        await two.Arrived;
        await stream.DisposeAsync();
        await one.Cancelled;
        await two.Cancelled;
    }
}
