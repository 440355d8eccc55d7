using System.Globalization;

namespace Microservices.EventLog;

/// <summary>
/// A place in a topic: after the event <paramref name="Offset"/>, whose id is <paramref name="Link"/> (0: not known).
/// An empty epoch stands for a topic that had no log yet.
/// </summary>
internal readonly record struct Position(string Epoch, long Offset, ulong Link)
{
    /// <summary>Before everything, in a topic that has no log yet.</summary>
    public static Position Start { get; } = new("", 0, 0);

    /// <summary>Before the oldest event there is, whatever it is.</summary>
    public static Position Earliest { get; } = new("", -1, 0);

    public bool IsEarliest => Offset < 0;

    /// <summary>Whether ids agree; an id that is not known agrees with all.</summary>
    public static bool Agree(ulong one, ulong other) => one == other || one == 0 || other == 0;

    /// <summary>Whether the epoch is that one; a topic without a log agrees with any epoch, as long as it begins at the start.</summary>
    public bool IsOf(string epoch) => Epoch == epoch || (Epoch.Length == 0 && Offset <= 0);

    /// <summary>As Redis keeps it: epoch, offset, and id of the last event; empty for a topic that has no log.</summary>
    public string ToText() => Epoch.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Epoch} {Offset} {Envelope.Format(Link)}");

    /// <summary>Whether the event comes directly after this place.</summary>
    public bool IsBefore(LogEvent e) => IsOf(e.Epoch) && e.Offset == Offset + 1 && Agree(e.Link, Link);
}
