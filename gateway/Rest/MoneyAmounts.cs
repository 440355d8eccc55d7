using System.Globalization;
using System.Text.RegularExpressions;
using ProtoMoney = Google.Type.Money;

namespace Microservices.Gateway.Rest;

/// <summary>Money between its two forms, exactly: units and nanos in the messages, a decimal string in JSON.</summary>
internal static partial class MoneyAmounts
{
    /// <summary>What is asked of an amount.</summary>
    public const string Expected = "must be a decimal number such as \"12.50\", with at most 9 decimals and 18 digits before them";

    private const int NanoDigits = 9;
    private const int LeastDecimals = 2;

    /// <summary>The amount with as many decimals as it has, 2 at the least.</summary>
    public static Money ToJson(ProtoMoney money)
    {
        // Units and nanos have the same sign; either may be the one that shows it.
        var sign = money.Units < 0 || money.Nanos < 0 ? "-" : "";
        var decimals = Math.Abs(money.Nanos).ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0').PadRight(LeastDecimals, '0');
        return new Money
        {
            Amount = string.Create(CultureInfo.InvariantCulture, $"{sign}{UInt128.CreateTruncating(Int128.Abs(money.Units))}.{decimals}"),
            Currency = money.CurrencyCode,
        };
    }

    /// <summary>Reads an amount; false when it is not one.</summary>
    public static bool TryParse(string amount, string currency, out ProtoMoney money)
    {
        money = new ProtoMoney { CurrencyCode = currency };
        if (!AmountPattern().IsMatch(amount))
            return false;

        var negative = amount[0] == '-';
        var digits = amount.AsSpan(negative ? 1 : 0);
        var point = digits.IndexOf('.');
        var units = long.Parse(point < 0 ? digits : digits[..point], NumberStyles.None, CultureInfo.InvariantCulture);
        var nanos = point < 0 ? 0 : int.Parse(digits[(point + 1)..].ToString().PadRight(NanoDigits, '0'), NumberStyles.None, CultureInfo.InvariantCulture);
        money.Units = negative ? -units : units;
        money.Nanos = negative ? -nanos : nanos;
        return true;
    }

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?\z")]
    private static partial Regex AmountPattern();
}
