using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Operations;

/// <summary>What operators see of a process.</summary>
public sealed class OperationsServiceTests(OperatedHosts hosts) : IClassFixture<OperatedHosts>
{
    [Fact]
    public async Task The_requests_errors_streams_and_health_of_a_process_are_seen()
    {
        using var watch = new OperationsService.OperationsServiceClient(hosts.OrdersHost.Channel).WatchProcess(new WatchProcessRequest());
        var first = await NextAsync(watch);
        Assert.Equal(("orders", 0L, 0L), (first.Service, first.Requests, first.Interval.Seconds));
        Assert.True(first.StartTime.ToDateTime() < first.Time.ToDateTime());

        for (var i = 0; i < 20; i++)
            await Assert.ThrowsAsync<RpcException>(async () => await hosts.Orders.GetOrderAsync(new GetOrderRequest { OrderId = Guid.NewGuid().ToString() }));
        var (requests, timed) = (0L, 0L);
        ProcessStatus last;
        do
        {
            last = await NextAsync(watch);
            requests += last.Requests;
            timed += last.Latency.Counts.Sum();
            Assert.Equal(last.Latency.UpperBounds.Count + 1, last.Latency.Counts.Count);
        }
        while (timed < 20);

        Assert.True(requests >= timed);
        // That something does not exist is no fault of the process.
        Assert.Equal(0, last.Errors);
        // This watch is one of them.
        Assert.True(last.Streams >= 1);
        Assert.Equal(first.ProcessId, last.ProcessId);
        Assert.True(last.Interval.ToTimeSpan() > TimeSpan.Zero && last.MemoryBytes > 0);
    }

    private static async Task<ProcessStatus> NextAsync(AsyncServerStreamingCall<WatchProcessResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        return watch.ResponseStream.Current.Process;
    }
}
