using Microservices.Streaming.Events;

namespace Microservices.Gateway.Events;

/// <summary>In a sequence for an <see cref="OverviewReader"/>: a snapshot is read next.</summary>
internal sealed record SnapshotNext() : EventSourceItem("")
{
    public static SnapshotNext Item { get; } = new();
}

/// <summary>In a sequence for an <see cref="OverviewReader"/>: a snapshot, and what is said before it. Comes right after <see cref="SnapshotNext"/>.</summary>
internal sealed record SnapshotRead(EventSourceItem Before, EncodedEvents Snapshot) : EventSourceItem(Snapshot.Cursor);

/// <summary>
/// Reads a sequence whose snapshots are pages (<see cref="IEventReader.ReadsPage"/>): a snapshot is read when its stream has room for one, and
/// has that room until it is written, together with what is said before it.
/// </summary>
internal sealed class OverviewReader(Func<CancellationToken, IAsyncEnumerable<EventSourceItem>> sequence) : IEventReader
{
    private readonly SequenceReader items = new(sequence);
    private EncodedEvents? snapshot;

    public bool ReadsPage { get; private set; }

    public EventSourceItem? TryRead()
    {
        if (snapshot is { } read)
        {
            (snapshot, ReadsPage) = (null, false);
            return read;
        }

        switch (items.TryRead())
        {
            case SnapshotNext:
                ReadsPage = true;
                return null;
            case SnapshotRead both:
                snapshot = both.Snapshot;
                return both.Before;
            case var item:
                return item;
        }
    }

    public ValueTask<bool> WaitToReadAsync() => items.WaitToReadAsync();

    public void Cancel() => items.Cancel();

    public ValueTask DisposeAsync() => items.DisposeAsync();
}
