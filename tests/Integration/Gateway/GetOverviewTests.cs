using Google.Rpc;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Gateway;

public sealed class GetOverviewTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;

    public GetOverviewTests(GatewayFixture gateway)
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
        var orders = gateway.HoldOrders();

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
        var orders = gateway.HoldOrders();
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
}
