using System.Globalization;
using Google.Type;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Microsoft.VisualBasic.FileIO;

namespace Microservices.Tests.Support;

/// <summary>The Northwind sample, as requests of this suite; needs <see cref="Need.Northwind"/>.</summary>
public static class Northwind
{
    /// <summary>Its 91 customers. Each command is harmless when repeated.</summary>
    public static IReadOnlyList<CreateUserRequest> Customers() =>
    [
        .. Rows("customers.csv").Select(customer => new CreateUserRequest
        {
            UserId = customer["customer_id"],
            DisplayName = customer["contact_name"],
            Email = $"{customer["customer_id"]}@northwind.example",
            IdempotencyKey = customer["customer_id"],
        }),
    ];

    /// <summary>Its 830 orders. Each command is harmless when repeated.</summary>
    public static IReadOnlyList<PlaceOrderRequest> Orders()
    {
        var lines = Rows("order_details.csv").ToLookup(line => line["order_id"]);
        return
        [
            .. Rows("orders.csv").Select(order => new PlaceOrderRequest
            {
                UserId = order["customer_id"],
                OrderId = order["order_id"],
                IdempotencyKey = $"northwind-{order["order_id"]}",
                Lines =
                {
                    lines[order["order_id"]].Select(line => new OrderLine
                    {
                        ProductId = line["product_id"],
                        Quantity = int.Parse(line["quantity"], CultureInfo.InvariantCulture),
                        UnitPrice = new Money { CurrencyCode = "USD", DecimalValue = Price(line) },
                        DiscountBasisPoints = (int)(Discount(line) * 10_000),
                    }),
                },
            }),
        ];
    }

    /// <summary>What each order comes to, computed from the files alone: no money type, no rounding rule of the product's.</summary>
    public static IReadOnlyDictionary<string, decimal> Totals() => Rows("order_details.csv").GroupBy(line => line["order_id"]).ToDictionary(
        order => order.Key,
        order => order.Sum(line => Math.Floor((Price(line) * int.Parse(line["quantity"], CultureInfo.InvariantCulture) * (1 - Discount(line)) * 100) + 0.5m) / 100));

    // The files were written from single-precision floats: 9.80000019 is 9.80 and 0.15000001 is 0.15.
    private static decimal Price(Dictionary<string, string> line) => decimal.Round(decimal.Parse(line["unit_price"], CultureInfo.InvariantCulture), 2);

    private static decimal Discount(Dictionary<string, string> line) => decimal.Round(decimal.Parse(line["discount"], CultureInfo.InvariantCulture), 2);

    private static List<Dictionary<string, string>> Rows(string file)
    {
        using var parser = new TextFieldParser(Needs.Northwind(file)) { Delimiters = [","] };
        var names = parser.ReadFields()!;
        var rows = new List<Dictionary<string, string>>();
        while (parser.ReadFields() is { } fields)
            rows.Add(names.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second));
        return rows;
    }
}
