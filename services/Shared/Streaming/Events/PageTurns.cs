using System.Diagnostics;

namespace Microservices.Streaming.Events;

/// <summary>
/// The few subscriptions of a stream that have a page which is read or not yet written, and those that wait for one of them to be done.
/// Not thread-safe: every member is used under the lock of the stream's queue.
/// </summary>
internal sealed class PageTurns(Lock gate)
{
    // One is written while the next are read.
    private const int Most = 4;
    private readonly Queue<WriteSlot> _waiting = [];
    private int _taken;

    /// <summary>Whether the subscription may read a page now, until <see cref="End"/>; when not, it waits in line.</summary>
    internal bool TryBegin(WriteSlot slot)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (slot.HasPage)
            return true;
        if (_taken == Most)
        {
            _waiting.Enqueue(slot);
            return false;
        }

        _taken++;
        return slot.HasPage = true;
    }

    /// <summary>The subscription's page is done with. Returns the next in line, which may read one now and is to be told so.</summary>
    internal WriteSlot? End(WriteSlot slot)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        slot.HasPage = false;
        while (_waiting.TryDequeue(out var next))
        {
            // One that is closed in spite of this passes it on when it ends.
            if (next.IsClosed || next.HasPage)
                continue;
            next.HasPage = true;
            return next;
        }

        _taken--;
        return null;
    }
}
