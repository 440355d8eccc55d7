using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;

namespace Microservices.Gateway.Events;

/// <summary>
/// A place in one upstream subscription: an upstream cursor, and how many of the events after it have been passed on. A cursor is the
/// place after a whole batch; the count is what makes a place of every event in it, and so a stream resumable at every event.
/// </summary>
internal readonly record struct EventPlace(string Cursor, int Seen)
{
    /// <summary>Whether there is a place to go on from.</summary>
    public bool Known => Cursor is { Length: > 0 };

    public override string ToString() => Seen == 0 ? Cursor : string.Create(CultureInfo.InvariantCulture, $"{Cursor}~{Seen}");
}

/// <summary>
/// The places in several subscriptions, as one text: <c>cursor~seen.cursor~seen.checksum</c>, with <c>~seen</c> left out where it is zero.
/// Cursors are base64url, which has neither '.' nor '~', and none of these needs escaping in a header or a query. It knows nothing of the
/// process that wrote it, so it is good at every replica. The checksum (XXH3, 64 bits) is of the whole and of whose it is, so that one with a
/// changed character, with its halves swapped, or of another stream is recognised. It keeps mistakes out, not malice: it says where to read
/// from, not who may.
/// </summary>
internal static partial class EventPlaces
{
    private const int MaxCursorLength = 16_384;

    /// <summary>The text of the places in a stream, which <paramref name="owner"/> tells from all others: its kind and whose it is.</summary>
    public static string Join(string owner, IEnumerable<EventPlace> places) => Seal(owner, string.Join('.', places));

    /// <summary>The text with its checksum.</summary>
    internal static string Seal(string owner, string places) => $"{places}.{Checksum(owner, places)}";

    /// <summary>Reads a text of so many places; false when it is not one of this stream.</summary>
    public static bool TryParse(string owner, string text, int count, out EventPlace[] places)
    {
        places = new EventPlace[count];
        var end = text.LastIndexOf('.');
        if (end < 0 || text.Length > count * (MaxCursorLength + 16) || text[(end + 1)..] != Checksum(owner, text[..end]))
            return false;
        var parts = text[..end].Split('.');
        if (parts.Length != count)
            return false;
        for (var i = 0; i < count; i++)
        {
            if (Place().Match(parts[i]) is not { Success: true } match || match.Groups["cursor"].Length > MaxCursorLength)
                return false;
            var seen = match.Groups["seen"];
            places[i] = new EventPlace(match.Groups["cursor"].Value, seen.Success ? int.Parse(seen.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0);
        }

        return true;
    }

    private static string Checksum(string owner, string places) =>
        XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{owner}\n{places}")).ToString("x16", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A(?<cursor>[A-Za-z0-9_-]+)(~(?<seen>[0-9]{1,9}))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Place();
}
