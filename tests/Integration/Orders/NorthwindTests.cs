using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Orders;

/// <summary>Real-shaped orders, all of them, on one stream.</summary>
public sealed class NorthwindTests(Backends backends) : IClassFixture<Backends>
{
    [FactNeeding(Need.Northwind)]
    public async Task Northwinds_830_orders_on_one_stream_have_the_totals_of_its_files_and_are_placed_once()
    {
        var customers = Northwind.Customers();
        Assert.Equal(91, customers.Count);

        var first = await PlaceAllAsync(customers);
        Assert.Equal(830, first.Count);
        Assert.All(first.Values, placed => Assert.False(placed.Replayed));
        var expected = Northwind.Totals();
        Assert.Equal(expected.Count, first.Count);
        Assert.All(expected, total => Assert.Equal(total.Value, first[total.Key].Order.Total.DecimalValue));

        var second = await PlaceAllAsync(customers);
        Assert.All(second, again =>
        {
            Assert.True(again.Value.Replayed);
            Assert.Equal(first[again.Key].Order, again.Value.Order);
        });
        Assert.Equal(91, await CountUsersAsync());
        Assert.Equal(830, await CountOrdersAsync(customers.Select(customer => customer.UserId)));
    }

    private async Task<Dictionary<string, PlaceOrderResponse>> PlaceAllAsync(IEnumerable<CreateUserRequest> customers)
    {
        foreach (var customer in customers)
            await backends.Users.CreateUserAsync(customer);
        using var stream = backends.Orders.PlaceOrders();
        var answers = Task.Run(() => stream.ResponseStream.ReadAllAsync().ToDictionaryAsync(
            answer => answer.Reference, answer => answer.Placed ?? throw new InvalidOperationException(answer.ToString())).AsTask());
        foreach (var command in Northwind.Orders())
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = command.OrderId, Command = command });
        await stream.RequestStream.CompleteAsync();
        return await answers;
    }

    private async Task<int> CountUsersAsync()
    {
        var page = await backends.Users.ListUsersAsync(new ListUsersRequest { PageSize = 500 });
        Assert.Empty(page.NextPageToken);
        return page.Users.Count;
    }

    private async Task<int> CountOrdersAsync(IEnumerable<string> userIds)
    {
        var count = 0;
        foreach (var userId in userIds)
            count += (await backends.Orders.ListOrdersAsync(new ListOrdersRequest { UserId = userId, PageSize = 500 })).Orders.Count;
        return count;
    }
}
