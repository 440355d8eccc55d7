using FsCheck.Xunit;
using Microservices.Hosting;

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
}
