using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// A call from the first caller asking for it until its outcome: who waits for it and which copies of it are under way. As a deadline
/// node it says when to hedge. Reused; guarded by the table's lock.
/// </summary>
internal sealed class PendingCall<TCall, TResult> : DeadlineNode
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly CallTable<TCall, TResult> _table;

    internal PendingCall(CallTable<TCall, TResult> table)
    {
        _table = table;
        Link = new(this);
        Parked = new(this);
    }

    /// <summary>What is asked. Not changed any more once it has an id: it may be read outside the lock.</summary>
    internal TCall? Message { get; set; }

    /// <summary>How large it is without an id and a timeout.</summary>
    internal int Bytes { get; set; }

    /// <summary>Under which identical calls find this one; null when it is not shared.</summary>
    internal FlightKey<TCall>? Flight { get; set; }

    internal LinkedList<Waiter<TCall, TResult>> Waiters { get; } = [];

    /// <summary>The place among the calls that wait for credit.</summary>
    internal LinkedListNode<PendingCall<TCall, TResult>> Link { get; }

    /// <summary>The place among the calls whose hedge is due and has to wait.</summary>
    internal LinkedListNode<PendingCall<TCall, TResult>> Parked { get; }

    /// <summary>The copy under way; null while the call waits for credit.</summary>
    internal Attempt<TCall, TResult>? First { get; set; }

    /// <summary>The second copy under way, after hedging.</summary>
    internal Attempt<TCall, TResult>? Second { get; set; }

    /// <summary>How many copies were sent, hedges not counted.</summary>
    internal int Sent { get; set; }

    /// <summary>Whether <see cref="Message"/> has been given an id: further copies are clones.</summary>
    internal bool MessageTaken { get; set; }

    internal long SubmittedAt { get; set; }

    /// <summary>When the most patient of the waiters gives up.</summary>
    internal long Deadline { get; set; }

    protected override void OnDeadline() => _table.HedgeDue(this);

    internal Attempt<TCall, TResult>? Other(Attempt<TCall, TResult> attempt) => attempt == First ? Second : First;

    internal void Forget(Attempt<TCall, TResult> attempt)
    {
        if (attempt == First)
            (First, Second) = (Second, null);
        else if (attempt == Second)
            Second = null;
    }

    internal void Reset()
    {
        Message = null;
        Flight = null;
        First = Second = null;
        Sent = 0;
        MessageTaken = false;
    }
}

/// <summary>One copy of a call on one stream. It is in that stream's queue, then among its unanswered. Reused; guarded by the table's lock.</summary>
internal sealed class Attempt<TCall, TResult>
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    /// <summary>Null once nobody cares for the answer.</summary>
    internal PendingCall<TCall, TResult>? Call { get; set; }

    internal StreamLink<TCall, TResult> Stream { get; set; } = null!;

    internal TCall Message { get; set; } = null!;

    internal ulong Id { get; set; }

    internal bool IsHedge { get; set; }

    internal bool IsSent { get; set; }

    internal long SentAt { get; set; }

    /// <summary>The deadline that the callee was told.</summary>
    internal long Deadline { get; set; }

    internal void Reset()
    {
        Call = null;
        Stream = null!;
        Message = null!;
        IsHedge = IsSent = false;
    }
}
