namespace Microservices.EventLog;

/// <summary>
/// The newest events of one topic, consecutive, bounded by count and bytes; a ring that all local subscribers read from, each at
/// its own place. Not thread-safe: its topic's lock guards it.
/// </summary>
internal sealed class RecentEvents(int maxEvents, int maxBytes)
{
    // A topic in which nothing happens has none.
    private LogEvent[] ring = [];
    private int first;
    private long bytes;

    public int Count { get; private set; }

    private LogEvent this[int index] => ring[(first + index) % ring.Length];

    public void Add(LogEvent e)
    {
        if (Count == ring.Length && Count < maxEvents)
            Grow();
        if (Count == ring.Length)
            RemoveFirst();
        ring[(first + Count) % ring.Length] = e;
        Count++;
        bytes += e.Size;
        while (bytes > maxBytes && Count > 1)
            RemoveFirst();
    }

    public void Clear()
    {
        Array.Clear(ring);
        (first, Count, bytes) = (0, 0, 0);
    }

    /// <summary>The event with that offset; null when it is not here.</summary>
    public LogEvent? Find(long offset)
    {
        if (Count == 0)
            return null;
        var index = offset - this[0].Offset;
        return index >= 0 && index < Count ? this[(int)index] : null;
    }

    /// <summary>Whether the event that comes directly after the place is here.</summary>
    public bool Connects(Position place) => Find(place.Offset + 1) is { } next && place.IsBefore(next);

    /// <summary>
    /// Adds to <paramref name="into"/> what follows a place, within the bounds, at least one event; nothing when the place is not known here.
    /// </summary>
    public void CopyAfter(Position place, int maxEvents, long maxBytes, List<LogEvent> into)
    {
        if (!Connects(place))
            return;
        long copied = 0;
        var next = (int)(place.Offset + 1 - this[0].Offset);
        for (var index = next; index < Count && index - next < maxEvents; index++)
        {
            copied += this[index].Size;
            if (copied > maxBytes && index > next)
                break;
            into.Add(this[index]);
        }
    }

    private void RemoveFirst()
    {
        bytes -= ring[first].Size;
        ring[first] = null!;
        first = (first + 1) % ring.Length;
        Count--;
    }

    private void Grow()
    {
        var larger = new LogEvent[Math.Min(Math.Max(ring.Length * 2, 16), maxEvents)];
        for (var i = 0; i < Count; i++)
            larger[i] = this[i];
        ring = larger;
        first = 0;
    }
}
