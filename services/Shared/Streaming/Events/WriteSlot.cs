namespace Microservices.Streaming.Events;

/// <summary>
/// A subscription's place in the queue of its stream: a signal that is set when its frame is written, when there is room, when it may read a
/// page, and when it is over.
/// </summary>
internal abstract class WriteSlot : SingleWaiterAutoResetEvent
{
    private volatile bool _closed;

    /// <summary>Whether it may read a page. Set within the queue's lock.</summary>
    internal bool HasPage { get; set; }

    /// <summary>Whether nothing of it is queued any more. Set within the queue's lock.</summary>
    internal bool IsClosed
    {
        get => _closed;
        set => _closed = value;
    }
}
