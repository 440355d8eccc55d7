using System.Diagnostics;
using Grpc.Core;
using Microservices.Orders.V1;

namespace Microservices.Tests.Integration.Hosting;

public sealed class FaultTests(Backends backends) : IClassFixture<Backends>
{
    private const string ListOrders = "/orders.v1.OrdersService/ListOrders";

    private static async Task ListAsync(ChannelBase channel, CallOptions options = default) =>
        await new OrdersService.OrdersServiceClient(channel).ListOrdersAsync(new ListOrdersRequest { UserId = "ada" }, options);

    [Fact]
    public async Task A_rule_fails_its_method_and_no_other()
    {
        await using var host = await backends.AnotherOrdersAsync(("Faults:Rules:0:Method", ListOrders), ("Faults:Rules:0:Status", "PermissionDenied"));

        var error = await Errors.FailsAsync(StatusCode.PermissionDenied, () => ListAsync(host.Channel));
        Assert.Equal("FAULT_INJECTED", error.Reason());
        await Errors.FailsAsync(StatusCode.NotFound, () => new OrdersService.OrdersServiceClient(host.Channel).GetOrderAsync(new GetOrderRequest { OrderId = "none" }).ResponseAsync);
    }

    [Fact]
    public async Task A_rule_delays_its_method_and_a_caller_that_hangs_up_ends_the_delay()
    {
        await using var host = await backends.AnotherOrdersAsync(("Faults:Rules:0:Method", "*"), ("Faults:Rules:0:Delay", "00:10:00"));
        using var gone = new CancellationTokenSource();
        var call = ListAsync(host.Channel, new CallOptions(cancellationToken: gone.Token));
        var watch = Stopwatch.StartNew();

        gone.Cancel();

        await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_rule_cuts_the_call()
    {
        await using var host = await backends.AnotherOrdersAsync(("Faults:Rules:0:Cut", "true"));

        var exception = await Assert.ThrowsAsync<RpcException>(() => ListAsync(host.Channel));

        Assert.NotEqual(StatusCode.OK, exception.StatusCode);
    }

    [Fact]
    public async Task A_rule_of_probability_0_does_nothing()
    {
        await using var host = await backends.AnotherOrdersAsync(("Faults:Rules:0:Status", "Internal"), ("Faults:Rules:0:Probability", "0"));

        await ListAsync(host.Channel);
    }
}
