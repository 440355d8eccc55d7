using FsCheck.Xunit;
using Microservices.Gateway.Rest;
using ProtoMoney = Google.Type.Money;

namespace Microservices.Tests.Unit.Gateway;

public sealed class MoneyAmountTests
{
    [Theory]
    [InlineData(12, 500_000_000, "12.50")]
    [InlineData(0, 0, "0.00")]
    [InlineData(0, 1, "0.000000001")]
    [InlineData(0, -10_000_000, "-0.01")]
    [InlineData(-1, -750_000_000, "-1.75")]
    [InlineData(long.MaxValue, 999_999_999, "9223372036854775807.999999999")]
    [InlineData(long.MinValue, 0, "-9223372036854775808.00")]
    public void An_amount_is_written_exactly(long units, int nanos, string amount) =>
        Assert.Equal(amount, MoneyAmounts.ToJson(new ProtoMoney { Units = units, Nanos = nanos, CurrencyCode = "EUR" }).Amount);

    [Theory]
    [InlineData("12", 12, 0)]
    [InlineData("12.5", 12, 500_000_000)]
    [InlineData("-0.000000001", 0, -1)]
    [InlineData("-0", 0, 0)]
    [InlineData("999999999999999999", 999_999_999_999_999_999, 0)]
    public void An_amount_is_read_exactly(string amount, long units, int nanos)
    {
        Assert.True(MoneyAmounts.TryParse(amount, "EUR", out var money));
        Assert.Equal(new ProtoMoney { Units = units, Nanos = nanos, CurrencyCode = "EUR" }, money);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("+1")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("1e3")]
    [InlineData("1,5")]
    [InlineData("1 000")]
    [InlineData("007")]
    [InlineData(" 1")]
    [InlineData("1\n")]
    [InlineData("0.1234567890")]
    [InlineData("1000000000000000000")]
    [InlineData("NaN")]
    [InlineData("١٢")]
    public void What_is_no_amount_is_refused(string amount) => Assert.False(MoneyAmounts.TryParse(amount, "EUR", out _));

    [Property]
    public void What_is_written_reads_back_the_same(int high, uint low, uint fraction)
    {
        var units = (high * 100_000_000L) + (low % 100_000_000);
        var nanos = (int)(fraction % 1_000_000_000);
        var money = new ProtoMoney { Units = units, Nanos = units < 0 ? -nanos : nanos, CurrencyCode = "EUR" };

        Assert.True(MoneyAmounts.TryParse(MoneyAmounts.ToJson(money).Amount, "EUR", out var again));
        Assert.Equal(money, again);
    }
}
