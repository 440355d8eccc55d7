using System.Diagnostics;
using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Gives each call to a stream, or lets it wait, in the order of arrival, until a stream has credit for it. Guarded by the lock of the
/// <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
/// <param name="gate">The table's lock.</param>
/// <param name="streams">The streams to choose from.</param>
/// <param name="pool">Where the copies come from that are sent.</param>
/// <param name="time">The clock.</param>
internal sealed class CallPlacement<TCall, TResult>(Lock gate, ReadyStreams<TCall, TResult> streams, CallPool<TCall, TResult> pool, TimeProvider time)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly LinkedList<PendingCall<TCall, TResult>> _waiting = [];
    private ulong _lastId;

    /// <summary>How many calls wait for credit.</summary>
    internal int Waiting
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _waiting.Count;
        }
    }

    /// <summary>The call that has waited for the longest.</summary>
    internal PendingCall<TCall, TResult>? FirstWaiting
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _waiting.First?.Value;
        }
    }

    /// <summary>The stream for a new call; null when it has to wait: no stream has credit, or others wait already.</summary>
    internal StreamLink<TCall, TResult>? StreamForNewCall()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        return _waiting.Count == 0 ? streams.LeastLoaded() : null;
    }

    /// <summary>Gives a new call to its stream, or lets it wait behind all others where there is none.</summary>
    internal void Place(PendingCall<TCall, TResult> call, StreamLink<TCall, TResult>? stream)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (stream is null)
            _waiting.AddLast(call.Link);
        else
            call.First = Enqueue(call, stream);
    }

    /// <summary>Gives a call to another stream after its own has failed it; where there is none, it waits before all others.</summary>
    internal void PlaceAgain(PendingCall<TCall, TResult> call)
    {
        Debug.Assert(gate.IsHeldByCurrentThread && call.First is null);
        if (streams.LeastLoaded() is { } stream)
            call.First = Enqueue(call, stream);
        else
            _waiting.AddFirst(call.Link);
    }

    /// <summary>Queues a second copy at another replica than the first; false when no other has credit.</summary>
    internal bool TryPlaceHedge(PendingCall<TCall, TResult> call)
    {
        Debug.Assert(gate.IsHeldByCurrentThread && call is { First: not null, Second: null });
        if (streams.LeastLoaded(exceptReplica: call.First!.Stream.Replica) is not { } stream)
            return false;
        call.Second = Enqueue(call, stream);
        call.Second.IsHedge = true;
        return true;
    }

    /// <summary>Gives the credit that has come free to the calls that wait, in the order of their arrival.</summary>
    internal void PlaceWaiting()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        while (_waiting.First is { } first && streams.LeastLoaded() is { } stream)
        {
            _waiting.Remove(first);
            first.Value.First = Enqueue(first.Value, stream);
        }
    }

    /// <summary>Takes a call back from wherever it is: it does not wait any more, and its copies are cancelled or never sent.</summary>
    internal void Withdraw(PendingCall<TCall, TResult> call)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (call.Link.List is not null)
            _waiting.Remove(call.Link);
        if (call.Second is { } second)
            second.Stream.Abandon(second);
        if (call.First is { } first)
            first.Stream.Abandon(first);
    }

    private Attempt<TCall, TResult> Enqueue(PendingCall<TCall, TResult> call, StreamLink<TCall, TResult> stream)
    {
        var attempt = pool.RentAttempt();
        // A writer outside of the lock may be serialising the message at this moment: every copy but the first is a clone.
        attempt.Message = call.MessageTaken ? call.Message!.Clone() : call.Message!;
        call.MessageTaken = true;
        attempt.Id = ++_lastId;
        attempt.Message.CallId = attempt.Id;
        attempt.Deadline = call.Deadline;
        attempt.Message.TimeoutMs = ClockTicks.MillisecondsUntil(call.Deadline, time.GetTimestamp(), time);
        attempt.Call = call;
        stream.Enqueue(attempt);
        return attempt;
    }
}
