using System.Diagnostics.Metrics;
using Microservices.Orders;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrdersService = Microservices.Orders.V1.OrdersService;

namespace Microservices.Tests.Integration.Orders;

/// <summary>Lookups that cost much, of a caller that does not read the answers.</summary>
public sealed class LookupLoadTests(Backends backends) : IClassFixture<Backends>
{
    private const int Users = 60;

    [Fact]
    public async Task Large_answers_are_made_as_they_are_read_and_another_caller_has_its_own_meanwhile()
    {
        await using var host = await backends.AnotherOrdersAsync(("CallStreams:WriteTimeout", "00:05:00"));
        await using var scope = host.Services.CreateAsyncScope();
        await using var database = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<OrdersDbContext>>().CreateDbContextAsync();
        var users = Enumerable.Range(0, Users).Select(_ => $"{Guid.NewGuid()}").ToList();
        foreach (var user in users)
        {
            await BigOrders.AddAsync(database, user, 100, lines: 25);
            database.ChangeTracker.Clear();
        }

        var known = (await backends.NewUserAsync()).UserId;
        var orders = new OrdersService.OrdersServiceClient(host.Channel);
        var answered = 0L;
        var meters = host.Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (published, l) =>
        {
            if (published.Name == "callstream.server.calls" && published.Meter.Scope == meters)
                l.EnableMeasurementEvents(published);
        };
        listener.SetMeasurementEventCallback<long>((_, change, _, _) => Interlocked.Add(ref answered, change));
        listener.Start();

        using var greedy = orders.LookupOrders();
        await greedy.RequestStream.WriteAsync(Lookups(users, 100));
        await Eventually.UntilAsync(() => Volatile.Read(ref answered) > 0, "it gets answers");
        for (var i = 0; i < 20; i++)
        {
            await orders.PlaceOrderAsync(Backends.AnOrder(known), deadline: DateTime.UtcNow + Eventually.Timeout);
            using var modest = orders.LookupOrders(deadline: DateTime.UtcNow + Eventually.Timeout);
            await modest.RequestStream.WriteAsync(Lookups([known], 10));
            Assert.Equal(i + 1 < 10 ? i + 1 : 10, (await ReadAsync(modest, 1)).Single().Latest.Orders.Count);
        }

        // Of 60: five in a query, for each of the four batches of a stream at the most, and what buffers hold; and the 20 beside.
        Assert.InRange(Volatile.Read(ref answered), 21, 60);
        var results = await ReadAsync(greedy, Users);
        Assert.Equal(Users, results.Select(result => result.CallId).Distinct().Count());
        Assert.All(results, result => Assert.Equal(100, result.Latest.Orders.Count));
    }

    private static LookupOrdersRequest Lookups(List<string> users, int limit)
    {
        var request = new LookupOrdersRequest();
        request.Calls.AddRange(users.Select((user, i) => new LookupOrdersCall { CallId = (ulong)(1 + i), UserId = user, Limit = limit }));
        return request;
    }

    private static async Task<List<LookupOrdersResult>> ReadAsync(Grpc.Core.AsyncDuplexStreamingCall<LookupOrdersRequest, LookupOrdersResponse> stream, int count)
    {
        var results = new List<LookupOrdersResult>();
        while (results.Count < count)
            results.AddRange((await stream.NextAsync()).Results);
        return results;
    }
}
