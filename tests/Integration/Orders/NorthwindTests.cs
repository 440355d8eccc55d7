using System.Globalization;
using Google.Type;
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
        var customers = Rows("customers.csv");
        Assert.Equal(91, customers.Count);

        var first = await PlaceAllAsync(customers);
        Assert.Equal(830, first.Count);
        Assert.All(first.Values, placed => Assert.False(placed.Replayed));

        // Computed from the files alone: no money type, no rounding rule of the product's.
        var expected = Rows("order_details.csv").GroupBy(line => line["order_id"]).ToDictionary(
            order => order.Key,
            order => order.Sum(line => Math.Floor((Price(line) * int.Parse(line["quantity"], CultureInfo.InvariantCulture) * (1 - Discount(line)) * 100) + 0.5m) / 100));
        Assert.Equal(expected.Count, first.Count);
        Assert.All(expected, total => Assert.Equal(total.Value, first[total.Key].Order.Total.DecimalValue));

        var second = await PlaceAllAsync(customers);
        Assert.All(second, again =>
        {
            Assert.True(again.Value.Replayed);
            Assert.Equal(first[again.Key].Order, again.Value.Order);
        });
        Assert.Equal(91, await CountUsersAsync());
        Assert.Equal(830, await CountOrdersAsync(customers.Select(customer => customer["customer_id"])));
    }

    private async Task<Dictionary<string, PlaceOrderResponse>> PlaceAllAsync(List<Dictionary<string, string>> customers)
    {
        foreach (var customer in customers)
        {
            await backends.Users.CreateUserAsync(new CreateUserRequest
            {
                UserId = customer["customer_id"],
                DisplayName = customer["contact_name"],
                Email = $"{customer["customer_id"]}@northwind.example",
                IdempotencyKey = customer["customer_id"],
            });
        }

        var lines = Rows("order_details.csv").ToLookup(line => line["order_id"]);
        using var stream = backends.Orders.PlaceOrders();
        var answers = Task.Run(() => stream.ResponseStream.ReadAllAsync().ToDictionaryAsync(
            answer => answer.Reference, answer => answer.Placed ?? throw new InvalidOperationException(answer.ToString())).AsTask());
        foreach (var order in Rows("orders.csv"))
        {
            var command = new PlaceOrderRequest { UserId = order["customer_id"], OrderId = order["order_id"], IdempotencyKey = $"northwind-{order["order_id"]}" };
            command.Lines.AddRange(lines[order["order_id"]].Select(line => new OrderLine
            {
                ProductId = line["product_id"],
                Quantity = int.Parse(line["quantity"], CultureInfo.InvariantCulture),
                UnitPrice = new Money { CurrencyCode = "USD", DecimalValue = Price(line) },
                DiscountBasisPoints = (int)(Discount(line) * 10_000),
            }));
            await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = order["order_id"], Command = command });
        }

        await stream.RequestStream.CompleteAsync();
        return await answers;
    }

    // The files were written from single-precision floats: 9.80000019 is 9.80 and 0.15000001 is 0.15.
    private static decimal Price(Dictionary<string, string> line) => decimal.Round(decimal.Parse(line["unit_price"], CultureInfo.InvariantCulture), 2);

    private static decimal Discount(Dictionary<string, string> line) => decimal.Round(decimal.Parse(line["discount"], CultureInfo.InvariantCulture), 2);

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

    private static List<Dictionary<string, string>> Rows(string file)
    {
        using var parser = new Microsoft.VisualBasic.FileIO.TextFieldParser(Needs.Northwind(file)) { Delimiters = [","] };
        var names = parser.ReadFields()!;
        var rows = new List<Dictionary<string, string>>();
        while (parser.ReadFields() is { } fields)
            rows.Add(names.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second));
        return rows;
    }
}
