using System.Diagnostics;
using Grpc.Core;
using Microservices.Orders.V1;

namespace Microservices.Tests.Integration.Hosting;

public sealed class FaultTests(Backends backends) : IClassFixture<Backends>
{
    private const string ListOrders = "/orders.v1.OrdersService/ListOrders";
    private const string LookupOrders = "/orders.v1.OrdersService/LookupOrders";

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
    public async Task A_rule_fails_each_call_of_a_call_stream_and_the_stream_goes_on()
    {
        await using var host = await backends.AnotherOrdersAsync(("Faults:Rules:0:Method", LookupOrders), ("Faults:Rules:0:Status", "PermissionDenied"));
        using var stream = new OrdersService.OrdersServiceClient(host.Channel).LookupOrders();

        for (ulong id = 1; id <= 2; id++)
        {
            await stream.RequestStream.WriteAsync(new LookupOrdersRequest { Calls = { new LookupOrdersCall { CallId = id, UserId = "ada" } } });
            var result = (await ResultsAsync(stream, 1)).Single();
            Assert.Equal((id, (int)StatusCode.PermissionDenied, "FAULT_INJECTED"), (result.CallId, result.Error.Code, result.Error.Reason()));
        }
    }

    [Fact]
    public async Task A_call_that_a_rule_delays_holds_up_no_other_of_its_stream_and_keeps_to_its_deadline()
    {
        await using var host = await backends.AnotherOrdersAsync(
            ("Faults:Rules:0:Method", LookupOrders), ("Faults:Rules:0:Delay", "00:10:00"), ("Faults:Rules:0:Probability", "0.5"));
        using var stream = new OrdersService.OrdersServiceClient(host.Channel).LookupOrders();
        var frame = new LookupOrdersRequest();
        frame.Calls.AddRange(Enumerable.Range(0, 64).Select(i => new LookupOrdersCall { CallId = (ulong)i, UserId = "ada", TimeoutMs = 2_000 }));

        await stream.RequestStream.WriteAsync(frame);
        var results = await ResultsAsync(stream, 64);

        // With 64 calls, both kinds are there but for one run in 10^19.
        Assert.NotNull(results[0].Latest);
        Assert.Contains(results, result => result.Error?.Code == (int)StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task A_rule_that_cuts_a_call_cuts_the_stream_that_carries_it()
    {
        await using var host = await backends.AnotherOrdersAsync(("Faults:Rules:0:Method", LookupOrders), ("Faults:Rules:0:Cut", "true"));
        using var stream = new OrdersService.OrdersServiceClient(host.Channel).LookupOrders();

        await stream.RequestStream.WriteAsync(new LookupOrdersRequest { Calls = { new LookupOrdersCall { CallId = 1, UserId = "ada" } } });

        await Assert.ThrowsAsync<RpcException>(() => ResultsAsync(stream, 1));
    }

    private static async Task<List<LookupOrdersResult>> ResultsAsync(AsyncDuplexStreamingCall<LookupOrdersRequest, LookupOrdersResponse> stream, int count)
    {
        var results = new List<LookupOrdersResult>();
        while (results.Count < count)
            results.AddRange((await stream.NextAsync()).Results);
        return results;
    }

    [Fact]
    public async Task A_rule_of_probability_0_does_nothing()
    {
        await using var host = await backends.AnotherOrdersAsync(("Faults:Rules:0:Status", "Internal"), ("Faults:Rules:0:Probability", "0"));

        await ListAsync(host.Channel);
    }
}
