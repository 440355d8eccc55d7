using FsCheck.Xunit;
using Microservices.Hosting;
using Microservices.Hosting.Errors;

namespace Microservices.Tests.Unit.Hosting;

public sealed class PageTokenTests
{
    [Property]
    public bool A_token_gives_back_its_position(ulong number, bool odd)
    {
        var position = $"{number} ü{odd}";
        return PageToken.TryDecode("list", PageToken.Encode("list", position), out var decoded) && decoded == position;
    }

    [Property]
    public bool A_token_of_one_list_is_none_of_another(ulong number) =>
        !PageToken.TryDecode("orders/bob", PageToken.Encode("orders/ada", $"{number}"), out _);

    [Property]
    public bool A_token_that_was_altered_is_refused(ulong number, byte place)
    {
        var token = PageToken.Encode("list", $"{number}").ToCharArray();
        var at = place % token.Length;
        // The last character may carry bits that mean nothing.
        if (at == token.Length - 1)
            at--;
        token[at] = token[at] == 'A' ? 'B' : 'A';
        return !PageToken.TryDecode("list", new string(token), out _);
    }

    [Property]
    public bool What_is_no_token_is_refused(string? text) => !PageToken.TryDecode("list", text ?? "", out _);

    [Property]
    public void A_token_is_read_as_it_was_written_and_not_otherwise(ulong number, byte place)
    {
        var token = PageToken.Encode("list", $"{number}");
        var at = place % token.Length;
        Assert.All(
            (string[])[token + "=", token + "==", token + " ", " " + token, token + "\n", token.Insert(at, " "), token.Insert(at, "\r\n"), token.Insert(at, "\t")],
            other => Assert.False(PageToken.TryDecode("list", other, out _)));
        foreach (var last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
            Assert.Equal(last == token[^1], PageToken.TryDecode("list", token[..^1] + last, out _));
    }

    [Fact]
    public void What_is_no_position_is_no_token_whoever_made_it()
    {
        foreach (var position in (string[])["", "x", "1 o1 2", "-1 o1", "9223372036854775807 o1"])
        {
            var violations = new FieldViolations();
            Assert.Equal("", violations.PagePosition("page_token", "list", PageToken.Encode("list", position), text => text == "good"));
            Assert.Equal("page_token", Assert.Single(violations).Field);
        }

        Assert.Equal("good", new FieldViolations().PagePosition("page_token", "list", PageToken.Encode("list", "good"), text => text == "good"));
    }
}
