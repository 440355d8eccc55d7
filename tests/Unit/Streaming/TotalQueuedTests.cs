using System.Diagnostics.Metrics;
using Microservices.Streaming.Events;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Unit.Streaming;

public sealed class TotalQueuedTests
{
    [Fact]
    public void What_waits_on_the_streams_of_every_method_of_a_process_counts_together_until_the_streams_end()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var total = new TotalQueued();
        var orders = new QueuedBytes(new EventServerMetrics(meters, "orders.v1.OrdersService/WatchOrders", total).Queued);
        var users = new QueuedBytes(new EventServerMetrics(meters, "users.v1.UsersService/WatchUsers", total).Queued);

        orders.Report(300);
        users.Report(70);
        Assert.Equal(370, total.Bytes);
        orders.Report(100);
        users.End();
        Assert.Equal(100, total.Bytes);
    }
}
