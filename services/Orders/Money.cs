using System.Collections.Frozen;
using Microservices.Hosting.Errors;
using Message = Google.Type.Money;

namespace Microservices.Orders;

/// <summary>Exact amounts of money: decimal inside, google.type.Money outside, never floating point.</summary>
internal static class Money
{
    private const decimal NanosPerUnit = 1_000_000_000m;
    private const int MaxNanos = 999_999_999;
    private const long MaxUnitPrice = 1_000_000_000;

    // ISO 4217, active currencies, by how many decimals their smallest unit has.
    private static readonly FrozenDictionary<string, int> Decimals = new Dictionary<int, string>
    {
        [0] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        [2] = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP "
            + "COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
            + "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK "
            + "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
            + "TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
        [3] = "BHD IQD JOD KWD LYD OMR TND",
        [4] = "CLF UYW",
    }.SelectMany(group => group.Value.Split(' ').Select(code => (code, group.Key))).ToFrozenDictionary(c => c.code, c => c.Key);

    /// <summary>
    /// Price times quantity less the discount, rounded to the currency's smallest unit, halves away from zero. At most 10^15 within
    /// the bounds of an order line, far inside what decimal holds exactly.
    /// </summary>
    public static decimal LineTotal(decimal unitPrice, int quantity, int discountBasisPoints, string currencyCode) =>
        decimal.Round(unitPrice * quantity * (10_000 - discountBasisPoints) / 10_000m, Decimals[currencyCode], MidpointRounding.AwayFromZero);

    public static Message ToMessage(decimal amount, string currencyCode)
    {
        var units = decimal.Truncate(amount);
        return new Message { CurrencyCode = currencyCode, Units = (long)units, Nanos = (int)((amount - units) * NanosPerUnit) };
    }

    public static decimal ToDecimal(Message money) => money.Units + (money.Nanos / NanosPerUnit);

    /// <summary>A price: there, in a known currency, well formed, not negative, and below the bound.</summary>
    public static void CheckPrice(this FieldViolations violations, string field, Message? money)
    {
        if (money is null)
        {
            violations.Add(field, "is required");
            return;
        }

        if (!Decimals.ContainsKey(money.CurrencyCode))
            violations.Add($"{field}.currency_code", "must be an ISO 4217 code such as EUR");
        if (money.Units is < 0 or >= MaxUnitPrice)
            violations.Add($"{field}.units", $"must not be negative, and less than {MaxUnitPrice}");
        if (money.Nanos is < 0 or > MaxNanos)
            violations.Add($"{field}.nanos", $"must be from 0 to {MaxNanos}");
    }
}
