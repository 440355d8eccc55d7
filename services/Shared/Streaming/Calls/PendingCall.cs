using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// A call from the first caller who asks for it to its outcome: who waits for it, and which copies of it are under way. As a deadline node it
/// says when to hedge. Used again; guarded by the lock of the <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
internal sealed class PendingCall<TCall, TResult> : DeadlineNode
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly Action<PendingCall<TCall, TResult>> _onHedgeDue;

    internal PendingCall(Action<PendingCall<TCall, TResult>> onHedgeDue)
    {
        _onHedgeDue = onHedgeDue;
        Link = new(this);
        Parked = new(this);
    }

    /// <summary>What is asked. It does not change any more once it has an id: a writer may read it outside of the lock.</summary>
    internal TCall? Message { get; set; }

    /// <summary>The token of whom the call is made for; null for the process itself.</summary>
    internal string? Token { get; set; }

    /// <summary>Whose share of the adaptive limit it has; null for nobody's.</summary>
    internal string? User { get; set; }

    /// <summary>Whether it was sent again since a callee did not know its principal.</summary>
    internal bool IsBoundAnew { get; set; }

    /// <summary>How large the message is without an id and a timeout.</summary>
    internal int Bytes { get; set; }

    /// <summary>The key under which identical calls find this one; null when it is not shared.</summary>
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

    /// <summary>How many copies were sent; hedges do not count.</summary>
    internal int Sent { get; set; }

    /// <summary>Whether <see cref="Message"/> has been given an id: further copies are clones.</summary>
    internal bool MessageTaken { get; set; }

    internal long SubmittedAt { get; set; }

    /// <summary>The latest of the waiters' deadlines.</summary>
    internal long Deadline { get; set; }

    /// <inheritdoc/>
    protected override void OnDeadline() => _onHedgeDue(this);

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
        Token = null;
        User = null;
        IsBoundAnew = false;
        Flight = null;
        First = Second = null;
        Sent = 0;
        MessageTaken = false;
    }
}
