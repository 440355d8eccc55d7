using System.Globalization;
using System.Text;

namespace Microservices.Hosting.Errors;

/// <summary>
/// Checks that text is what it looks like. Invisible characters let two different texts look the same, and bidirectional controls let one look
/// like another, in names and ids that people compare. It needs no ICU: the tables of categories and graphemes are the runtime's own.
/// </summary>
internal static class VisibleText
{
    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;

    /// <summary>What is wrong with the text, as the description of a violation; null when nothing is.</summary>
    /// <param name="text">The text as it arrived.</param>
    /// <param name="maxLength">The most characters as a person counts them: extended grapheme clusters (Unicode, UAX 29).</param>
    /// <param name="maxBytes">The most bytes in UTF-8, since a grapheme may have any number of them.</param>
    public static string? Problem(string text, int maxLength, int maxBytes)
    {
        if (text.Length == 0)
            return "is required";
        // First, since all that follows takes longer for longer text. A UTF-16 unit is at least one byte.
        if (text.Length > maxBytes || Encoding.UTF8.GetByteCount(text) > maxBytes)
            return maxLength == maxBytes ? $"must be at most {maxBytes} bytes" : $"must be at most {maxLength} characters, and at most {maxBytes} bytes";
        if (text.Length > maxLength && Graphemes(text) > maxLength)
            return $"must be at most {maxLength} characters";

        var visible = false;
        for (var i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune) || rune == Rune.ReplacementChar)
                return "must be valid UTF-8 without control characters";
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator || IsNoncharacter(rune.Value))
                return "must be valid UTF-8 without control characters";
            if (IsInvisible(rune.Value, category) && !ShapesItsNeighbours(text, i, rune))
                return "must not have invisible or bidirectional control characters";
            visible |= !IsBlank(rune.Value, category);
            i += rune.Utf16SequenceLength;
        }

        return visible ? null : "must not be blank";
    }

    private static int Graphemes(string text)
    {
        var count = 0;
        for (var rest = text.AsSpan(); rest.Length > 0; rest = rest[StringInfo.GetNextTextElementLength(rest)..])
            count++;
        return count;
    }

    // Noncharacters, which Unicode reserves for internal use: U+FDD0..U+FDEF and the last two of every plane.
    private static bool IsNoncharacter(int rune) => rune is >= 0xFDD0 and <= 0xFDEF || (rune & 0xFFFE) == 0xFFFE;

    // Default_Ignorable_Code_Point, and format characters except for those that visibly enclose the number after them.
    private static bool IsInvisible(int rune, UnicodeCategory category) => category == UnicodeCategory.Format
        ? rune is not (>= 0x600 and <= 0x605 or 0x6DD or 0x70F or 0x890 or 0x891 or 0x8E2 or 0x110BD or 0x110CD)
        : rune is 0x34F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2065 or 0x3164 or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0
            or (>= 0xFFF0 and <= 0xFFF8) or (>= 0xE0000 and <= 0xE0FFF);

    // Persian and the languages of India need joiners within words; emoji need joiners and variation selectors. Beside ASCII letters, at an end,
    // or twice in a row they shape nothing.
    private static bool ShapesItsNeighbours(string text, int at, Rune rune)
    {
        if (at == 0)
            return false;
        Rune.DecodeLastFromUtf16(text.AsSpan(0, at), out var before, out _);
        if (rune.Value is >= 0xFE00 and <= 0xFE0F)
            return !before.IsAscii && IsSeen(before) || before.Value is '#' or '*' or (>= '0' and <= '9');
        if (rune.Value is >= 0xE0100 and <= 0xE01EF)
            return Rune.GetUnicodeCategory(before) == UnicodeCategory.OtherLetter;
        if (rune.Value is not (ZeroWidthJoiner or ZeroWidthNonJoiner) || !Rune.TryGetRuneAt(text, Math.Min(at + 1, text.Length - 1), out var after))
            return false;
        // An emoji may have its variation selector before the joiner.
        return !before.IsAscii && (IsSeen(before) || before.Value == 0xFE0F) && !after.IsAscii && IsSeen(after);
    }

    private static bool IsSeen(Rune rune)
    {
        var category = Rune.GetUnicodeCategory(rune);
        return !IsInvisible(rune.Value, category) && category is not (UnicodeCategory.SpaceSeparator or UnicodeCategory.Control);
    }

    // Marks are seen on something only; U+2800 is a Braille cell without a dot.
    private static bool IsBlank(int rune, UnicodeCategory category) =>
        rune == 0x2800 || category is UnicodeCategory.SpaceSeparator or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format;
}
