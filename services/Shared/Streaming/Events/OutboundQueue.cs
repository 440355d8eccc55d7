using System.Diagnostics;

namespace Microservices.Streaming.Events;

/// <summary>
/// What waits to be written on one stream, first in, first out. A subscription has at most one frame in it, and joins at the end
/// again, so that all have their turn however much one of them has to say. Thread-safe.
/// </summary>
internal sealed class OutboundQueue(int maxBytes)
{
    private const int MostWithoutSubscription = 1000;

    private readonly Lock _lock = new();
    private readonly Queue<(EventFrame Frame, WriteSlot? Slot)> _frames = [];
    private List<SingleWaiterAutoResetEvent>? _waiting;
    private PageTurns? _pages;
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
    /// Adds a frame of a subscription; the slot is set once it is written. False when it was closed. A writer that
    /// has nothing to do writes it at once, in the caller's place.
    /// </summary>
    internal bool Add(EventFrame frame, WriteSlot? slot)
    {
        lock (_lock)
        {
            if (_completed || slot is { IsClosed: true })
                return false;
            _frames.Enqueue((frame, slot));
            _bytes += frame.Size;
        }

        if (slot is null)
            Ready.Set();
        else
            Ready.SetInline();
        return true;
    }

    /// <summary>Nothing of the subscription is added from now on. False when it was closed before.</summary>
    internal bool Close(WriteSlot slot)
    {
        lock (_lock)
        {
            if (slot.IsClosed)
                return false;
            return slot.IsClosed = true;
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
            WakeWaitingUnsynchronized();
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
    internal bool TryBeginPage(WriteSlot slot)
    {
        lock (_lock)
            return (_pages ??= new(_lock)).TryBegin(slot);
    }

    /// <summary>Its page is written, or will not be read: the next in line may read one.</summary>
    internal void EndPage(WriteSlot slot)
    {
        // Only a subscription that waits gets one from another.
        if (!slot.HasPage)
            return;
        WriteSlot? next;
        lock (_lock)
            next = _pages!.End(slot);
        next?.Set();
    }

    /// <summary>Takes the frame that is next, with the slot of its subscription if it belongs to one; when there is none, says whether none will come.</summary>
    internal bool TryTake(out EventFrame frame, out WriteSlot? slot, out bool completed)
    {
        lock (_lock)
        {
            completed = _completed;
            if (!_frames.TryDequeue(out var next))
            {
                (frame, slot) = (default, null);
                return false;
            }

            (frame, slot) = next;
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
                WakeWaitingUnsynchronized();
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

    private void WakeWaitingUnsynchronized()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread);
        if (_waiting is null)
            return;
        foreach (var signal in _waiting)
            signal.Set();
        _waiting.Clear();
    }
}
