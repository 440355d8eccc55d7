using System.Globalization;
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
/// The places in several subscriptions, as one text: <c>cursor~seen.cursor~seen</c>, with <c>~seen</c> left out where it is zero.
/// Cursors are base64url, which has neither '.' nor '~', and none of these needs escaping in a header or a query. It knows nothing of the
/// process that wrote it, so it is good at every replica.
/// </summary>
internal static partial class EventPlaces
{
    private const int MaxCursorLength = 16_384;

    /// <summary>The text of the places.</summary>
    public static string Join(IEnumerable<EventPlace> places) => string.Join('.', places);

    /// <summary>Reads a text of so many places; false when it is not one.</summary>
    public static bool TryParse(string text, int count, out EventPlace[] places)
    {
        var parts = text.Split('.');
        places = new EventPlace[count];
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

    [GeneratedRegex(@"\A(?<cursor>[A-Za-z0-9_-]+)(~(?<seen>[0-9]{1,9}))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Place();
}
