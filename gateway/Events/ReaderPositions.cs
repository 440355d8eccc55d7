using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;

namespace Microservices.Gateway.Events;

/// <summary>
/// A reader's position in one upstream subscription: an upstream cursor, and how many of the events after it have been passed on. A cursor is
/// the position after a whole batch; the count gives every event in the batch a position, so that a stream can be resumed at every event.
/// </summary>
internal readonly partial record struct ReaderPosition(string Cursor, int Seen)
{
    /// <summary>The longest cursor, in characters.</summary>
    public const int MaxCursorLength = 16_384;

    /// <summary>Whether a stream can be resumed from it.</summary>
    public bool IsKnown => Cursor is { Length: > 0 };

    public override string ToString() => Seen == 0 ? Cursor : string.Create(CultureInfo.InvariantCulture, $"{Cursor}~{Seen}");

    /// <summary>Reads the text of one; false when it is none.</summary>
    public static bool TryParse(string text, out ReaderPosition position)
    {
        position = default;
        if (Pattern().Match(text) is not { Success: true } match || match.Groups["cursor"].Length > MaxCursorLength)
            return false;
        var seen = match.Groups["seen"];
        position = new ReaderPosition(match.Groups["cursor"].Value, seen.Success ? int.Parse(seen.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0);
        return true;
    }

    [GeneratedRegex(@"\A(?<cursor>[A-Za-z0-9_-]+)(~(?<seen>[0-9]{1,9}))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}

/// <summary>
/// The positions in several subscriptions, as one text: <c>cursor~seen.cursor~seen.checksum</c>, with <c>~seen</c> left out where it is zero.
/// Cursors are base64url, which has neither '.' nor '~', and none of these needs escaping in a header or a query. It knows nothing of the
/// process that wrote it, so it is good at every replica. The checksum (XXH3, 64 bits) is of the whole and of whose it is, so that one with a
/// changed character, with its halves swapped, or of another stream is recognised. It keeps mistakes out, not malice: it says where to read
/// from, not who may.
/// </summary>
internal static class ReaderPositions
{
    /// <summary>The text of the positions in a stream. <paramref name="owner"/> tells the stream from all others: its kind and whose it is.</summary>
    public static string Join(string owner, IEnumerable<ReaderPosition> positions) => Seal(owner, string.Join('.', positions));

    /// <summary>The text with its checksum.</summary>
    internal static string Seal(string owner, string positions) => $"{positions}.{Checksum(owner, positions)}";

    /// <summary>Reads a text of so many positions; false when it is not one of this stream.</summary>
    public static bool TryParse(string owner, string text, int count, out ReaderPosition[] positions)
    {
        positions = new ReaderPosition[count];
        var end = text.LastIndexOf('.');
        if (end < 0 || text.Length > count * (ReaderPosition.MaxCursorLength + 16) || text[(end + 1)..] != Checksum(owner, text[..end]))
            return false;
        var parts = text[..end].Split('.');
        if (parts.Length != count)
            return false;
        for (var i = 0; i < count; i++)
        {
            if (!ReaderPosition.TryParse(parts[i], out positions[i]))
                return false;
        }

        return true;
    }

    private static string Checksum(string owner, string positions) =>
        XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{owner}\n{positions}")).ToString("x16", CultureInfo.InvariantCulture);
}
