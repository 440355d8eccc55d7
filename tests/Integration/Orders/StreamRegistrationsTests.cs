using System.Reflection;
using Microservices.Streaming.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microservices.Tests.Integration.Orders;

/// <summary>What streams leave behind with the process when they have ended.</summary>
public sealed class StreamRegistrationsTests(Backends backends) : IClassFixture<Backends>
{
    private const int Streams = 10_000;

    [Fact]
    public async Task Ten_thousand_streams_that_have_ended_leave_nothing_registered_for_the_end_of_the_process()
    {
        var before = Registered();
        await Parallel.ForEachAsync(Enumerable.Range(0, Streams), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, stop) =>
        {
            switch (i % 3)
            {
                case 0:
                    using (var place = backends.Orders.PlaceOrders(cancellationToken: stop))
                    {
                        await place.RequestStream.CompleteAsync();
                        Assert.False(await place.ResponseStream.MoveNext(stop));
                    }

                    break;
                case 1:
                    using (var lookup = backends.Orders.LookupOrders(cancellationToken: stop))
                    {
                        await lookup.RequestStream.CompleteAsync();
                        while (await lookup.ResponseStream.MoveNext(stop))
                        {
                        }
                    }

                    break;
                default:
                    using (var watch = backends.Orders.WatchOrders(cancellationToken: stop))
                    {
                        await watch.RequestStream.WriteAsync(new() { Heartbeat = new EventHeartbeat() }, stop);
                        await watch.RequestStream.CompleteAsync();
                        Assert.False(await watch.ResponseStream.MoveNext(stop));
                    }

                    break;
            }
        });

        // Those of the last streams may be at their end still.
        Assert.InRange(Registered() - before, -100, 100);
    }

    private int Registered()
    {
        var token = backends.OrdersHost.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var registrations = Field(Field(token, "_source")!, "_registrations");
        if (registrations is null)
            return 0;
        var count = 0;
        for (var node = Field(registrations, "Callbacks"); node is not null; node = Field(node, "Next"))
            count++;
        return count;
    }

    private static object? Field(object of, string name) =>
        (of.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public) ?? throw new MissingFieldException(of.GetType().Name, name)).GetValue(of);
}
