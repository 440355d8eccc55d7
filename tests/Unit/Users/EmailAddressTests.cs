using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microservices.Tests.Support;
using Microservices.Users;
using Microservices.Users.Text;

namespace Microservices.Tests.Unit.Users;

public sealed class EmailAddressTests
{
    [Theory]
    [InlineData("ada@example.com", "ADA@EXAMPLE.COM")]
    [InlineData("ada@example.com", "ada@example.com.")]
    [InlineData("ren\u00e9@example.com", "rene\u0301@example.com")]
    [InlineData("ren\u00e9@example.com", "REN\u00c9@example.com")]
    [InlineData("\u03c3@example.com", "\u03a3@example.com")]
    [InlineData("\u03c3@example.com", "\u03c2@example.com")]
    [InlineData("ada@example.com", "\uff41\uff44\uff41@example.com")]
    [InlineData("ada@example.com", "ada@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com")]
    [InlineData("ada@example.com", "ada@example\u3002com")]
    [InlineData("ada@b\u00fccher.de", "ada@xn--bcher-kva.de")]
    [InlineData("ada@b\u00fccher.de", "ada@bu\u0308cher.de.")]
    [InlineData("ada@B\u00dcCHER.de", "ada@XN--BCHER-KVA.DE")]
    [InlineData("ada@\u65e5\u672c.jp", "ada@xn--wgv71a.jp")]
    [InlineData("\ud55c@example.com", "\u1112\u1161\u11ab@example.com")]
    [InlineData("\u1fb4@example.com", "\u03b1\u0345\u0301@example.com")]
    [InlineData("\ufb01@example.com", "fi@example.com")]
    [InlineData("\U00010400@example.com", "\U00010428@example.com")]
    public void One_address_written_in_two_ways_has_one_key(string one, string other)
    {
        Assert.True(EmailAddress.TryGetKey(one, out var key));
        Assert.True(EmailAddress.TryGetKey(other, out var otherKey));
        Assert.Equal(key, otherKey);
    }

    [Theory]
    [InlineData("ada@example.com", "ada@example.org")]
    [InlineData("ada@example.com", "a.da@example.com")]
    [InlineData("ada+1@example.com", "ada@example.com")]
    [InlineData("rene@example.com", "ren\u00e9@example.com")]
    public void Two_addresses_have_two(string one, string other)
    {
        Assert.True(EmailAddress.TryGetKey(one, out var key));
        Assert.True(EmailAddress.TryGetKey(other, out var otherKey));
        Assert.NotEqual(key, otherKey);
    }

    [Theory]
    [InlineData("ada")]
    [InlineData("@example.com")]
    [InlineData("ada@")]
    [InlineData("ada@.")]
    [InlineData("ada@example..com")]
    [InlineData("ada@.example.com")]
    [InlineData(".ada@example.com")]
    [InlineData("a..da@example.com")]
    [InlineData("ada lovelace@example.com")]
    [InlineData("ada\u00a0lovelace@example.com")]
    [InlineData("\"ada\"@example.com")]
    [InlineData("ada@bob@example.com")]
    [InlineData("ada\uff20bob@example.com")]
    [InlineData("ada@exa_mple.com")]
    [InlineData("ada@-example.com")]
    [InlineData("ada@example-.com")]
    [InlineData("ada@[127.0.0.1]")]
    [InlineData("ada@xn--.com")]
    [InlineData("ada@xn--ada-.com")]
    [InlineData("ada@xn--99999999999.com")]
    [InlineData("ada@exam\uff0fple.com")]
    [InlineData("ada@\u0301example.com")]
    [InlineData("ada\ufdd0@example.com")]
    [InlineData("<ada@example.com>")]
    public void What_is_no_address_has_none(string email) => Assert.False(EmailAddress.TryGetKey(email, out _));

    [Fact]
    public void An_address_is_bounded_in_all_its_parts()
    {
        Assert.True(EmailAddress.TryGetKey($"{new string('a', 64)}@example.com", out _));
        Assert.False(EmailAddress.TryGetKey($"{new string('a', 65)}@example.com", out _));
        Assert.True(EmailAddress.TryGetKey($"a@{new string('b', 63)}.com", out _));
        Assert.False(EmailAddress.TryGetKey($"a@{new string('b', 64)}.com", out _));
        // Half a character, which an attribute cannot have.
        Assert.False(EmailAddress.TryGetKey($"ada{'\ud800'}@example.com", out _));
        // One character of three bytes that folds to eighteen.
        Assert.False(EmailAddress.TryGetKey($"{new string('\ufdfa', 20)}@example.com", out _));
    }

    // Of every character that Python's version of Unicode has as well, alone and in strings with marks in any order.
    [FactNeeding(Need.PythonGrpc)]
    public async Task Folding_is_what_another_implementation_of_Unicode_says()
    {
        const string Program = """
            import sys, unicodedata as u
            for line in sys.stdin:
                s = "".join(chr(int(c, 16)) for c in line.split())
                if any(u.category(c) in ("Cn", "Cs") for c in s):
                    print("-")
                    continue
                f = lambda x: u.normalize("NFKD", x.casefold())
                print(" ".join("%X" % ord(c) for c in f(f(u.normalize("NFD", s)))))
            """;
        var random = new Random(19);
        var all = Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(c => new Rune(c))
            // The standard folds U+037A to an iota that is no mark; two passes, as below, to one that is.
            .Where(r => r.Value != 0x37A && CaseFolding.Fold(r.ToString()) is { Length: > 0 }).ToArray();
        var marks = all.Where(r => Rune.GetUnicodeCategory(r) == UnicodeCategory.NonSpacingMark).ToArray();
        string[] texts = [.. all.Select(r => r.ToString()), .. Enumerable.Range(0, 20_000).Select(_ => string.Concat(Enumerable.Range(0, random.Next(2, 8))
            .Select(_ => (random.Next(2) == 0 ? marks : all)[random.Next(random.Next(2) == 0 ? marks.Length : 500)].ToString())))];

        using var python = Process.Start(new ProcessStartInfo(Needs.Python!, ["-c", Program]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var output = python.StandardOutput.ReadToEndAsync();
        await python.StandardInput.WriteAsync(string.Join('\n', texts.Select(Hex)) + "\n");
        python.StandardInput.Close();
        var expected = (await output).TrimEnd('\n').Split('\n');

        Assert.Equal(texts.Length, expected.Length);
        Assert.True(all.Length > 100_000, $"{all.Length} characters");
        Assert.Empty(texts.Zip(expected).Where(pair => pair.Second != "-" && Hex(CaseFolding.Fold(pair.First)!) != pair.Second)
            .Select(pair => $"{Hex(pair.First)}: {Hex(CaseFolding.Fold(pair.First)!)}, not {pair.Second}"));
        Assert.All(texts, text => Assert.Equal(CaseFolding.Fold(text), CaseFolding.Fold(CaseFolding.Fold(text)!)));
    }

    private static string Hex(string text) => string.Join(' ', text.EnumerateRunes().Select(r => r.Value.ToString("X", CultureInfo.InvariantCulture)));
}
