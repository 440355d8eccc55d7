namespace Microservices.EventLog;

/// <summary>
/// Live events that came while what is missing before them is read. Bounded by count and bytes: beyond that all are dropped, since the log
/// has them, and <see cref="HasDropped"/> says that it is to be read once more. Not thread-safe: its topic's lock guards it.
/// </summary>
internal sealed class HeldEvents(int maxEvents, long maxBytes)
{
    private List<LogEvent>? events;
    private long bytes;

    /// <summary>Whether events were dropped since the last <see cref="BeginRead"/>.</summary>
    public bool HasDropped { get; private set; }

    public void Add(LogEvent e)
    {
        if (events?.Count >= maxEvents || bytes + e.Size > maxBytes)
        {
            HasDropped = true;
            Clear();
            return;
        }

        (events ??= []).Add(e);
        bytes += e.Size;
    }

    /// <summary>What was dropped so far is in the log before it is read.</summary>
    public void BeginRead() => HasDropped = false;

    /// <summary>Gives the events out, oldest first, and holds none any more.</summary>
    public IReadOnlyList<LogEvent> TakeAll()
    {
        IReadOnlyList<LogEvent> all = events ?? [];
        Clear();
        return all;
    }

    private void Clear()
    {
        events = null;
        bytes = 0;
    }
}
