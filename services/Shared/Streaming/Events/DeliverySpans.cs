using System.Diagnostics;

namespace Microservices.Streaming.Events;

/// <summary>
/// The spans of the events that are written to one reader, each linked to what has caused them: it begins when they are put into the output, and ends
/// when that has been flushed. Events whose causes nobody records have none. Not thread-safe.
/// </summary>
/// <param name="destination">What the reader follows: few, since it is part of each span's name.</param>
public sealed class DeliverySpans(string destination)
{
    private static readonly ActivitySource Source = new("Microservices.Streaming.Events");

    private readonly List<Activity> _open = [];

    /// <summary>Events are written that these have caused, by their trace contexts.</summary>
    public void Begin(IEnumerable<ReadOnlyMemory<byte>> causes)
    {
        var current = Activity.Current;
        if (Source.StartCaused(ActivityKind.Producer, "send", destination, causes) is { } span)
            _open.Add(span);
        Activity.Current = current;
    }

    /// <summary>What was written has been flushed, or never will be.</summary>
    public void End()
    {
        if (_open.Count == 0)
            return;
        var current = Activity.Current;
        _open.ForEach(span => span.Stop());
        _open.Clear();
        Activity.Current = current;
    }
}
