namespace Microservices.Tests.Hostile.Cases;

/// <summary>Text that has been trouble somewhere.</summary>
internal static class Texts
{
    private static readonly string[] All =
    [
        "", " ", "\0", "\r\n", "a\u0000b", "null", "undefined", "true", "-1", "0", "1e999", "NaN", "99999999999999999999", "-9223372036854775808", "1.5", "0x10", "٣",
        "../../etc/passwd", "%2e%2e%2f", "%00", "%", "%zz", "a/b", "a?b#c", "' OR 1=1 --", "\";DROP TABLE Users;--", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}",
        "\u202egnp.exe", "\u200b", "\ufeff", "\ufffd", "\u0301", "ﷺ", "İ", "ß", "\U0001F469\u200D\U0001F467", "\u2028", "é", "e\u0301", "ada@b\u00fccher.de", "ada@xn--99999999", "a@b", "@",
        "AAAA", "AAAA====", "AA AA", "~", "~1", ".", "..", "a.b.c.d", "-", "_", "*", "dns:///x", "orders/user/ada", "users", "placed, paid", "PAID", " paid ", "7", "2026-01-01", "00000000-0000-0000-0000-000000000000",
    ];

    /// <summary>One of them, or a long one.</summary>
    public static string Next(Random random) => random.Next(12) switch
    {
        0 => new string((char)random.Next('!', '~'), random.Next(1, 5_000)),
        1 => string.Concat(Enumerable.Range(0, random.Next(1, 100)).Select(_ => char.ConvertFromUtf32(random.Next(0x20, 0xD800)))),
        2 => string.Concat(Enumerable.Repeat(All[random.Next(All.Length)], random.Next(2, 300))),
        _ => All[random.Next(All.Length)],
    };

    /// <summary>The text with a character changed, left out, doubled, or added; or cut off.</summary>
    public static string Mutate(string text, Random random)
    {
        if (text.Length == 0)
            return Next(random);
        var at = random.Next(text.Length);
        return random.Next(7) switch
        {
            0 => text[..at] + (char)random.Next(1, 0x250) + text[(at + 1)..],
            1 => text[..at] + text[(at + 1)..],
            2 => text[..at] + text[at] + text[at..],
            3 => text[..at],
            4 => text + Next(random),
            5 => text.Insert(at, Next(random)),
            _ => text[..at] + (char)(text[at] ^ (1 << random.Next(5))) + text[(at + 1)..],
        };
    }
}
