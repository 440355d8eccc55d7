using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;

namespace Microservices.Gateway.Events;

/// <summary>
/// A reader's position in one upstream subscription: an upstream cursor, and how many of the events after it have been passed on. A cursor is
/// the position after a whole batch; the count gives every event in the batch a position, so that a stream can be resumed at every event.
/// </summary>
internal readonly record struct ReaderPosition(string Cursor, int Seen)
{
    /// <summary>Whether a stream can be resumed from it.</summary>
    public bool IsKnown => Cursor is { Length: > 0 };

    public override string ToString() => Seen == 0 ? Cursor : string.Create(CultureInfo.InvariantCulture, $"{Cursor}~{Seen}");
}

/// <summary>
/// The positions in several subscriptions, as one text: <c>cursor~seen.cursor~seen.checksum</c>, with <c>~seen</c> left out where it is zero.
/// Cursors are base64url, which has neither '.' nor '~', and none of these needs escaping in a header or a query. It knows nothing of the
/// process that wrote it, so it is good at every replica. The checksum (XXH3, 64 bits) is of the whole and of whose it is, so that one with a
/// changed character, with its halves swapped, or of another stream is recognised. It keeps mistakes out, not malice: it says where to read
/// from, not who may.
/// </summary>
internal static partial class ReaderPositions
{
    private const int MaxCursorLength = 16_384;

    /// <summary>The text of the positions in a stream. <paramref name="owner"/> tells the stream from all others: its kind and whose it is.</summary>
    public static string Join(string owner, IEnumerable<ReaderPosition> positions) => Seal(owner, string.Join('.', positions));

    /// <summary>The text with its checksum.</summary>
    internal static string Seal(string owner, string positions) => $"{positions}.{Checksum(owner, positions)}";

    /// <summary>Reads a text of so many positions; false when it is not one of this stream.</summary>
    public static bool TryParse(string owner, string text, int count, out ReaderPosition[] positions)
    {
        positions = new ReaderPosition[count];
        var end = text.LastIndexOf('.');
        if (end < 0 || text.Length > count * (MaxCursorLength + 16) || text[(end + 1)..] != Checksum(owner, text[..end]))
            return false;
        var parts = text[..end].Split('.');
        if (parts.Length != count)
            return false;
        for (var i = 0; i < count; i++)
        {
            if (Pattern().Match(parts[i]) is not { Success: true } match || match.Groups["cursor"].Length > MaxCursorLength)
                return false;
            var seen = match.Groups["seen"];
            positions[i] = new ReaderPosition(match.Groups["cursor"].Value, seen.Success ? int.Parse(seen.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0);
        }

        return true;
    }

    private static string Checksum(string owner, string positions) =>
        XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{owner}\n{positions}")).ToString("x16", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A(?<cursor>[A-Za-z0-9_-]+)(~(?<seen>[0-9]{1,9}))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
