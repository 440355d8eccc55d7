using Grpc.Core;
using Microservices.Hosting;
using Microservices.Orders.V1;

namespace Microservices.Tests.Integration.Orders;

public abstract class ListOrdersTests(Backends backends)
{
    // Null where the backends are not to be had, and then every test is skipped.
    private readonly OrdersService.OrdersServiceClient orders = backends.Orders;

    [SkippableFact]
    public async Task Orders_are_listed_newest_first_page_by_page()
    {
        var user = await backends.NewUserAsync();
        var placed = new List<string>();
        for (var i = 0; i < 7; i++)
            placed.Insert(0, (await orders.PlaceOrderAsync(Backends.AnOrder(user.UserId))).Order.OrderId);

        var listed = new List<string>();
        var request = new ListOrdersRequest { UserId = user.UserId, PageSize = 3 };
        do
        {
            var page = await orders.ListOrdersAsync(request);
            listed.AddRange(page.Orders.Select(order => order.OrderId));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(placed, listed);
    }

    [SkippableFact]
    public async Task A_page_token_of_another_user_is_refused()
    {
        var (ada, bob) = (await backends.NewUserAsync(), await backends.NewUserAsync());
        for (var i = 0; i < 2; i++)
            await orders.PlaceOrderAsync(Backends.AnOrder(ada.UserId));
        var token = (await orders.ListOrdersAsync(new ListOrdersRequest { UserId = ada.UserId, PageSize = 1 })).NextPageToken;

        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, orders.ListOrdersAsync(new ListOrdersRequest { UserId = bob.UserId, PageToken = token }));

        Assert.Equal(["page_token"], error.Fields());
    }

    [SkippableFact]
    public async Task A_page_token_that_was_made_up_or_written_otherwise_is_refused_whatever_is_in_it()
    {
        var user = await backends.NewUserAsync();
        for (var i = 0; i < 2; i++)
            await orders.PlaceOrderAsync(Backends.AnOrder(user.UserId));
        var good = (await orders.ListOrdersAsync(new ListOrdersRequest { UserId = user.UserId, PageSize = 1 })).NextPageToken;
        string[] positions = ["", "x", " ", "1", "1 ", " o1", "-1 o1", "x o1", "1 o1 o2", "1 no/id", "9223372036854775807 o1", "99999999999999999999 o1", "3155378976000000000 o1", "1 \0", "a\0b", "no id", "\uD83D\uDE00"];

        foreach (var token in positions.Select(position => PageToken.Encode($"orders/{user.UserId}", position)).Concat([good + "=", good + " ", " " + good, good.Insert(3, "\n")]))
        {
            var error = await Errors.FailsAsync(StatusCode.InvalidArgument, orders.ListOrdersAsync(new ListOrdersRequest { UserId = user.UserId, PageToken = token }));
            Assert.Equal(["page_token"], error.Fields());
        }
    }
}

public sealed class ListOrdersOnSqliteTests(Backends backends) : ListOrdersTests(backends), IClassFixture<Backends>;
