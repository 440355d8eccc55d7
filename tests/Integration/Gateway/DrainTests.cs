using Grpc.Core;
using Microservices.Orders.V1;

namespace Microservices.Tests.Integration.Gateway;

public sealed class DrainTests
{
    [Fact]
    public async Task A_stream_hears_of_the_stop_and_still_gets_its_answers()
    {
        using var gateway = new GatewayFixture();
        await gateway.InitializeAsync();
        var orders = new HeldCall();
        gateway.Orders.OnList = async (_, context) =>
        {
            await orders.HoldAsync(context);
            return new ListOrdersResponse();
        };
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);
        await stream.CallAsync((1, "ada", 0));
        await orders.Arrived;

        var stopping = gateway.StopAsync();
        while (stream.Draining is null)
            Assert.True(await stream.ReadAsync());
        Assert.True(stream.Draining.ReconnectAfter.ToTimeSpan() <= TimeSpan.FromSeconds(60));
        orders.Release();

        Assert.True(Assert.Single(await stream.FinishAsync()).Overview.Complete);
        await stopping;
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_whose_caller_does_not_leave_is_ended_when_the_window_has_passed()
    {
        using var gateway = new GatewayFixture();
        await gateway.InitializeAsync();
        await using var stream = await LookupStream.OpenAsync(gateway.Grpc);

        var stopping = gateway.StopAsync();
        var ended = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await stream.ReadAsync())
            {
            }
        });

        Assert.NotNull(stream.Draining);
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
        await stopping;
        await gateway.DisposeAsync();
    }
}
