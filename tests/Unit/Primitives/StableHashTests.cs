using Microservices.Primitives;

namespace Microservices.Tests.Unit.Primitives;

public sealed class StableHashTests
{
    /// <summary>They are stored and sent: another process, and the next version, must find the same.</summary>
    [Theory]
    [InlineData("", 3244421341483603138ul)]
    [InlineData("ada", 7574285342802214959ul)]
    [InlineData("orders/user/01936e6f-5ca3-7000-8000-000000000000", 8343614947284740552ul)]
    [InlineData("Ωé€😀", 13779984091997791250ul)]
    public void A_text_has_the_same_digest_for_ever(string text, ulong digest) => Assert.Equal(digest, StableHash.Of(text));

    [Fact]
    public void A_long_text_is_taken_whole()
    {
        var texts = Enumerable.Range(1, 2_000).Select(length => new string('é', length)).ToList();

        Assert.Equal(texts.Count, texts.Select(StableHash.Of).Distinct().Count());
    }
}
