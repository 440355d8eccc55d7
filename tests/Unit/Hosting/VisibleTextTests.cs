using Microservices.Hosting.Errors;

namespace Microservices.Tests.Unit.Hosting;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("Ada Lovelace")]
    [InlineData("Ren\u00e9e")]
    [InlineData("\u65e5\u672c\u8a9e")]
    // Persian: a non-joiner within a word.
    [InlineData("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")]
    // Hindi: a joiner after a virama.
    [InlineData("\u0915\u094d\u200d\u0937")]
    // A family, a keycap, a heart in colour, and an ideograph's variant.
    [InlineData("\U0001F469\u200D\U0001F469\u200D\U0001F467")]
    [InlineData("1\uFE0F\u20E3")]
    [InlineData("\u2764\uFE0F\u200D\U0001F525")]
    [InlineData("\u845B\U000E0100")]
    public void Text_of_any_language_is_taken(string text) => Assert.Null(VisibleText.Problem(text, 200, 800));

    [Theory]
    [InlineData("Ada\u200BLovelace")]
    [InlineData("Ada\u2060")]
    [InlineData("\uFEFFAda")]
    [InlineData("Ada\u00AD")]
    [InlineData("Ada\u200D")]
    [InlineData("Ada\u200CLovelace")]
    [InlineData("\u0645\u200C\u200C\u062E")]
    [InlineData("\u202Egnp.exe")]
    [InlineData("Ada\u2066x\u2069")]
    [InlineData("Ada\u200F")]
    [InlineData("Ada\u034F")]
    [InlineData("Ada\u3164")]
    [InlineData("Ada\uFE0F")]
    [InlineData("Ada\U000E0041")]
    [InlineData("Ada\U000E0100")]
    public void What_cannot_be_seen_or_turns_the_direction_is_refused(string text) =>
        Assert.Equal("must not have invisible or bidirectional control characters", VisibleText.Problem(text, 200, 800));

    [Theory]
    [InlineData(" ")]
    [InlineData("\u00A0\u3000")]
    [InlineData("\u0301")]
    [InlineData("\u2800")]
    public void Text_of_nothing_visible_is_refused(string text) => Assert.Equal("must not be blank", VisibleText.Problem(text, 200, 800));

    [Theory]
    [InlineData("bell\a")]
    [InlineData("two\nlines")]
    [InlineData("two\u2028lines")]
    [InlineData("\u0085")]
    [InlineData("\uFFFD")]
    [InlineData("\uFDD0")]
    [InlineData("\U0001FFFF")]
    public void Control_characters_and_what_is_no_character_are_refused(string text) =>
        Assert.Equal("must be valid UTF-8 without control characters", VisibleText.Problem(text, 200, 800));

    [Fact]
    public void Half_a_character_is_refused()
    {
        foreach (var text in new[] { "\uD800", "a\uDC00", "\uD800a", "\uDC00\uD800" })
            Assert.Equal("must be valid UTF-8 without control characters", VisibleText.Problem(text, 200, 800));
    }

    [Fact]
    public void Length_is_counted_as_a_person_would_and_bounded_in_bytes_as_well()
    {
        var family = "\U0001F469\u200D\U0001F469\u200D\U0001F467";
        Assert.Null(VisibleText.Problem(string.Concat(Enumerable.Repeat(family, 3)), 3, 100));
        Assert.Equal("must be at most 3 characters", VisibleText.Problem(string.Concat(Enumerable.Repeat(family, 4)), 3, 100));
        Assert.Null(VisibleText.Problem(string.Concat(Enumerable.Repeat("e\u0301", 200)), 200, 800));
        Assert.Equal("must be at most 200 characters", VisibleText.Problem(new string('a', 201), 200, 800));
        // One letter under any number of marks is one character.
        Assert.Equal("must be at most 200 characters, and at most 800 bytes", VisibleText.Problem("a" + new string('\u0301', 400), 200, 800));
        Assert.Equal("is required", VisibleText.Problem("", 200, 800));
    }
}
