using Microservices.Orders;
using Microservices.Orders.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Order = Microservices.Orders.V1.Order;

namespace Microservices.Tests.Integration.Orders;

/// <summary>Answers about orders that are large: a page ends by its bytes as well as by its number.</summary>
public sealed class LargePagesTests(Backends backends) : IClassFixture<Backends>
{
    private const int MaxBytes = 1 << 20;

    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    [InlineData(500)]
    public async Task A_list_of_large_orders_is_answered_whatever_the_page_size_and_has_each_once_in_order(int pageSize)
    {
        var user = await UserAsync(250);
        var (listed, token) = (new List<Order>(), "");
        do
        {
            var page = await backends.Orders.ListOrdersAsync(new() { UserId = user, PageSize = pageSize, PageToken = token });
            Assert.InRange(page.CalculateSize(), 1, MaxBytes + 1024);
            Assert.NotEmpty(page.Orders);
            listed.AddRange(page.Orders);
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(250, listed.Select(o => o.OrderId).Distinct().Count());
        Assert.Equal(listed.OrderByDescending(o => o.PlaceTime).ThenByDescending(o => o.OrderId, StringComparer.Ordinal), listed);
    }

    [Fact]
    public async Task A_lookup_of_large_orders_has_those_that_fit_and_says_that_there_are_more()
    {
        var user = await UserAsync(100);
        using var stream = backends.Orders.LookupOrders();
        var request = new LookupOrdersRequest();
        request.Calls.Add(new LookupOrdersCall { CallId = 1, UserId = user, Limit = 100 });
        request.Calls.Add(new LookupOrdersCall { CallId = 2, UserId = user, Limit = 5 });
        await stream.RequestStream.WriteAsync(request);
        await stream.RequestStream.CompleteAsync();
        var results = new Dictionary<ulong, LookupOrdersResult>();
        while (await stream.ResponseStream.MoveNext(default))
        {
            foreach (var result in stream.ResponseStream.Current.Results)
                results.Add(result.CallId, result);
        }

        Assert.InRange(results[1].CalculateSize(), MaxBytes / 2, MaxBytes + 1024);
        Assert.True(results[1].Latest.Truncated);
        Assert.Equal(5, results[2].Latest.Orders.Count);
        Assert.False(results[2].Latest.Truncated);
        Assert.Equal(results[2].Latest.Orders, results[1].Latest.Orders.Take(5));
        var listed = await backends.Orders.ListOrdersAsync(new() { UserId = user, PageSize = 100 });
        Assert.Equal(listed.Orders, results[1].Latest.Orders);
    }

    /// <summary>A user with orders of 100 lines, 12 KB each or more.</summary>
    private async Task<string> UserAsync(int count)
    {
        var user = (await backends.NewUserAsync()).UserId;
        await using var scope = backends.OrdersHost.Services.CreateAsyncScope();
        await using var database = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<OrdersDbContext>>().CreateDbContextAsync();
        await BigOrders.AddAsync(database, user, count, lines: 100);
        return user;
    }
}
