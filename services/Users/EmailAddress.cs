using System.Globalization;
using System.Text;
using Microservices.Users.Text;

namespace Microservices.Users;

/// <summary>
/// E-mail addresses: a local part of RFC 5322's dot-atom, with the characters that RFC 6531 adds, and a domain name of letters, digits and
/// hyphens (RFC 5890), whose labels may be in Unicode or in Punycode. Quoted local parts and IP addresses are not taken: hardly anybody has
/// them, and the first make many spellings of one mailbox.
/// </summary>
internal static class EmailAddress
{
    /// <summary>RFC 5321 has 254 octets.</summary>
    public const int MaxBytes = 254;

    private const int MaxLocalBytes = 64;
    private const int MaxLabelLength = 63;
    private const string AtomSymbols = "!#$%&'*+-/=?^_`{|}~";
    private static readonly IdnMapping Punycode = new();

    /// <summary>
    /// What two addresses have in common that are one: without case, composed or not, in full width or not, with or without a dot after the
    /// domain, its labels in Unicode or in Punycode. At most 254 characters. False: it is no address.
    /// </summary>
    public static bool TryGetKey(string email, out string key)
    {
        key = "";
        var at = email.LastIndexOf('@');
        if (at <= 0 || Encoding.UTF8.GetByteCount(email.AsSpan(0, at)) > MaxLocalBytes
            || CaseFolding.Fold(email[..at]) is not { } local || !IsDotAtom(local)
            || CaseFolding.Fold(email[(at + 1)..]) is not { } domain)
            return false;

        // The ideographic full stop separates labels as well; full width forms of both have been folded.
        var labels = domain.Replace('\u3002', '.').Split('.');
        if (labels.Length > 1 && labels[^1].Length == 0)
            labels = labels[..^1];
        for (var i = 0; i < labels.Length; i++)
        {
            if (Unicode(labels[i]) is not { } label || !IsLabel(label))
                return false;
            labels[i] = label;
        }

        key = $"{local}@{string.Join('.', labels)}";
        return key.Length <= MaxBytes;
    }

    private static bool IsDotAtom(string local) =>
        local.Split('.').All(atom => atom.Length > 0 && atom.All(c => !char.IsAscii(c) || char.IsAsciiLetterOrDigit(c) || AtomSymbols.Contains(c, StringComparison.Ordinal)));

    // Folded once more: Punycode can say what no one would type.
    private static string? Unicode(string label)
    {
        if (!label.StartsWith("xn--", StringComparison.Ordinal))
            return label;
        try
        {
            var decoded = Punycode.GetUnicode(label);
            return Ascii.IsValid(decoded) ? null : CaseFolding.Fold(decoded);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabelLength && label[0] != '-' && label[^1] != '-'
        && !IsMark(Rune.GetUnicodeCategory(Rune.GetRuneAt(label, 0)))
        && label.EnumerateRunes().All(rune => rune.IsAscii ? rune.Value == '-' || Rune.IsLetterOrDigit(rune) : IsInLabel(Rune.GetUnicodeCategory(rune)));

    private static bool IsInLabel(UnicodeCategory category) =>
        category is UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.OtherSymbol || IsMark(category);

    private static bool IsMark(UnicodeCategory category) => category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
