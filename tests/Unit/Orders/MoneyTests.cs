using FsCheck.Xunit;
using Microservices.Orders;

namespace Microservices.Tests.Unit.Orders;

public sealed class MoneyTests
{
    [Theory]
    [InlineData("14.00", 12, 0, "USD", "168.00")]
    [InlineData("16.80", 15, 1500, "USD", "214.20")]
    [InlineData("0.005", 1, 0, "EUR", "0.01")]
    [InlineData("0.0049", 1, 0, "EUR", "0.00")]
    [InlineData("0.5", 1, 0, "JPY", "1")]
    [InlineData("1.0005", 1, 0, "KWD", "1.001")]
    [InlineData("999999999.999999999", 1_000_000, 0, "EUR", "1000000000000000.00")]
    [InlineData("9.99", 3, 10_000, "EUR", "0")]
    public void A_line_costs_price_times_quantity_less_discount_to_the_smallest_unit(string price, int quantity, int discount, string currency, string total) =>
        Assert.Equal(decimal.Parse(total, System.Globalization.CultureInfo.InvariantCulture),
            Money.LineTotal(decimal.Parse(price, System.Globalization.CultureInfo.InvariantCulture), quantity, discount, currency));

    [Property]
    public bool An_amount_survives_the_wire(uint units, uint nanos)
    {
        var amount = units + ((nanos % 1_000_000_000) / 1_000_000_000m);
        return Money.ToDecimal(Money.ToMessage(amount, "EUR")) == amount;
    }
}
