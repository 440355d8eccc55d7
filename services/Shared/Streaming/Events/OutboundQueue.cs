
namespace Microservices.Streaming.Events;

/// <summary>
/// What waits to be written on one stream, first in, first out. A subscription has at most one frame in it, and joins at the end
/// again, so that all have their turn however much one of them has to say. Thread-safe.
/// </summary>
internal sealed class OutboundQueue(int maxBytes)
{
    private const int MostWithoutSubscription = 1000;

    // One is written while the next are read.
    private const int MostPages = 4;

    private readonly Lock _lock = new();
    private readonly Queue<(EventFrame Frame, WriteSlot? Turn)> _frames = [];
    private List<SingleWaiterAutoResetEvent>? _waiting;
    private Queue<WriteSlot>? _pageTurns;
    private int _pages;
    private long _bytes;
    private bool _completed;

    /// <summary>Whether so much waits that nothing is to be added of which there is a choice.</summary>
    internal bool IsFull => !_completed && (_bytes > maxBytes || _frames.Count > MostWithoutSubscription);

    /// <summary>How much waits, in bytes.</summary>
    internal long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Wakes the writer.</summary>
    internal SingleWaiterAutoResetEvent Ready { get; } = new();

    /// <summary>Adds a frame that belongs to no subscription.</summary>
    internal void Add(EventFrame frame) => Add(frame, null);

    /// <summary>
    /// Adds a frame of a subscription; the turn is set once it is written. False when it was closed. A writer that
    /// has nothing to do writes it at once, in the caller's place.
    /// </summary>
    internal bool Add(EventFrame frame, WriteSlot? turn)
    {
        lock (_lock)
        {
            if (_completed || turn is { IsClosed: true })
                return false;
            _frames.Enqueue((frame, turn));
            _bytes += frame.Size;
        }

        if (turn is null)
            Ready.Set();
        else
            Ready.SetInline();
        return true;
    }

    /// <summary>Nothing of the subscription is added from now on. False when it was closed before.</summary>
    internal bool Close(WriteSlot turn)
    {
        lock (_lock)
        {
            if (turn.IsClosed)
                return false;
            return turn.IsClosed = true;
        }
    }

    /// <summary>Adds a last frame, if any; the writer ends once it has written it. Nobody has to wait for room any more.</summary>
    internal void Complete(EventFrame? last = null)
    {
        if (last is { } frame)
            Add(frame);
        lock (_lock)
        {
            _completed = true;
            WakeWaiting();
        }

        Ready.Set();
    }

    /// <summary>Whether the caller has to wait for its signal, because too much is queued; it is set when there is room.</summary>
    internal bool MustWait(SingleWaiterAutoResetEvent signal)
    {
        lock (_lock)
        {
            if (!IsFull)
                return false;
            (_waiting ??= []).Add(signal);
            return true;
        }
    }

    /// <summary>Whether the subscription may read a page now, until <see cref="EndPage"/>. When not, its signal is set once it may, or when it is closed.</summary>
    internal bool TryBeginPage(WriteSlot turn)
    {
        lock (_lock)
        {
            if (!turn.HasPage && _pages == MostPages)
            {
                (_pageTurns ??= []).Enqueue(turn);
                return false;
            }

            _pages += turn.HasPage ? 0 : 1;
            return turn.HasPage = true;
        }
    }

    /// <summary>Its page is written, or will not be read: the next in line may read one.</summary>
    internal void EndPage(WriteSlot turn)
    {
        WriteSlot? next = null;
        // Only a subscription that waits gets one from another.
        if (!turn.HasPage)
            return;
        lock (_lock)
        {
            turn.HasPage = false;
            // One that is closed in spite of this passes it on when it ends.
            while (_pageTurns is not null && _pageTurns.TryDequeue(out next) && (next.IsClosed || next.HasPage))
                next = null;
            if (next is null)
                _pages--;
            else
                next.HasPage = true;
        }

        next?.Set();
    }

    internal bool TryTake(out EventFrame frame, out WriteSlot? turn, out bool completed)
    {
        lock (_lock)
        {
            completed = _completed;
            if (!_frames.TryDequeue(out var next))
            {
                (frame, turn) = (default, null);
                return false;
            }

            (frame, turn) = next;
            return true;
        }
    }

    /// <summary>So much has reached the transport, or never will.</summary>
    internal void Release(long bytes)
    {
        lock (_lock)
        {
            _bytes -= bytes;
            if (!IsFull)
                WakeWaiting();
        }
    }

    /// <summary>Lets go of what an idle stream does not need.</summary>
    internal void Trim()
    {
        lock (_lock)
        {
            if (_frames.Count == 0)
                _frames.TrimExcess();
        }
    }

    /// <summary>Lets go of everything: the stream is over.</summary>
    internal void Clear()
    {
        long bytes;
        lock (_lock)
        {
            (_completed, bytes) = (true, _bytes);
            _frames.Clear();
        }

        Release(bytes);
    }

    private void WakeWaiting()
    {
        if (_waiting is null)
            return;
        foreach (var signal in _waiting)
            signal.Set();
        _waiting.Clear();
    }
}

/// <summary>A subscription's place in the queue: a signal that is set when its frame is written, when there is room, and when it is over.</summary>
internal abstract class WriteSlot : SingleWaiterAutoResetEvent
{
    private volatile bool _closed;

    /// <summary>Whether it may read a page. Guarded by the queue's lock.</summary>
    internal bool HasPage { get; set; }

    /// <summary>Whether nothing of it is queued any more. Set within the queue's lock.</summary>
    internal bool IsClosed
    {
        get => _closed;
        set => _closed = value;
    }
}
