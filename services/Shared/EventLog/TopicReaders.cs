namespace Microservices.EventLog;

/// <summary>The local readers of a topic. Not thread-safe: the topic's lock guards it.</summary>
internal sealed class TopicReaders
{
    private readonly List<TopicReader> all = [];
    private List<LatestReader>? latest;

    public void Add(TopicReader reader)
    {
        all.Add(reader);
        if (reader is LatestReader conflating)
            (latest ??= []).Add(conflating);
    }

    public void Remove(TopicReader reader)
    {
        all.Remove(reader);
        if (reader is LatestReader conflating)
            latest!.Remove(conflating);
    }

    /// <summary>Gives a new event to the readers that conflate, and wakes all.</summary>
    public void Publish(LogEvent e)
    {
        if (latest is not null)
        {
            foreach (var reader in latest)
            {
                // What does not fit is read from the log once there is room.
                if (reader.IsAttached)
                    reader.IsAttached = reader.TryQueue(e);
            }
        }

        Wake();
    }

    /// <summary>The topic went on elsewhere: no reader is given its live events until it was found to be there as well.</summary>
    public void DetachAll()
    {
        if (latest is not null)
        {
            foreach (var reader in latest)
                reader.IsAttached = false;
        }

        Wake();
    }

    public void Wake() => WakeUp.All(all);

    /// <summary>About how many events the readers have still to take of a topic that ends there.</summary>
    public long DepthBefore(long newestOffset)
    {
        var depth = 0L;
        foreach (var reader in all)
            depth += reader.DepthBefore(newestOffset);
        return depth;
    }
}
