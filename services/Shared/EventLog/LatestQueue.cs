namespace Microservices.EventLog;

/// <summary>
/// The newest event of each key that a LATEST subscriber has not read, in the order of offsets. Since an event moves to the end
/// when it is superseded, the place after the one taken is a true cursor: all older ones were taken, or superseded by one that is still to come.
/// Not thread-safe.
/// </summary>
internal sealed class LatestQueue(int maxKeys)
{
    private readonly Dictionary<string, LinkedListNode<LogEvent>> byKey = new(StringComparer.Ordinal);
    private readonly LinkedList<LogEvent> order = [];
    private long dropped;
    private long told;

    public int Count => byKey.Count;

    /// <summary>Whether there is no room for another key.</summary>
    public bool IsFull => byKey.Count >= maxKeys;

    /// <summary>How many events were dropped for newer ones of their key since this was last asked. May be called while events are added.</summary>
    public long TakeDropped()
    {
        var all = Volatile.Read(ref dropped);
        var since = all - told;
        told = all;
        return since;
    }

    /// <summary>False, and nothing added, when it would hold too many keys.</summary>
    public bool TryAdd(LogEvent e)
    {
        if (byKey.TryGetValue(e.Key, out var node))
        {
            dropped++;
            node.Value = e;
            order.Remove(node);
            order.AddLast(node);
            return true;
        }

        if (IsFull)
            return false;
        byKey.Add(e.Key, order.AddLast(e));
        return true;
    }

    /// <summary>Moves events out, oldest first, at least one; false when there is none.</summary>
    public bool Take(int maxEvents, long maxBytes, List<LogEvent> into)
    {
        long bytes = 0;
        var taken = 0;
        for (; order.First is { } node && taken < maxEvents; taken++)
        {
            bytes += node.Value.Size;
            if (bytes > maxBytes && taken > 0)
                break;
            order.RemoveFirst();
            byKey.Remove(node.Value.Key);
            into.Add(node.Value);
        }

        return taken > 0;
    }

    public void Clear()
    {
        byKey.Clear();
        order.Clear();
    }
}
