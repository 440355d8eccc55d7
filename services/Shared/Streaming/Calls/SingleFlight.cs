using System.Diagnostics;
using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Finds the identical call that is under way, so that callers who ask the same question at the same time share one call and its answer (as
/// Go's singleflight does). Guarded by the lock of the <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
/// <param name="gate">The table's lock.</param>
internal sealed class SingleFlight<TCall, TResult>(Lock gate)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly Dictionary<FlightKey<TCall>, PendingCall<TCall, TResult>> _flights = new(new FlightKeyComparer<TCall>());

    /// <summary>How many calls may be joined.</summary>
    internal int Count
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _flights.Count;
        }
    }

    /// <summary>
    /// The identical call, if there is one that was made at <paramref name="notBefore"/> or later. From then on nobody joins one that was made
    /// earlier: whoever asks next would have to ask anew as well.
    /// </summary>
    internal PendingCall<TCall, TResult>? Find(FlightKey<TCall> key, long notBefore)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (!_flights.TryGetValue(key, out var call) || call.SubmittedAt >= notBefore)
            return call;
        Remove(call);
        return null;
    }

    /// <summary>Lets others join a call. There is no other with this key: <see cref="Find"/> has said so.</summary>
    internal void Add(FlightKey<TCall> key, PendingCall<TCall, TResult> call)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        call.Flight = key;
        _flights.Add(key, call);
    }

    /// <summary>Lets nobody join the call any more, if anybody could.</summary>
    internal void Remove(PendingCall<TCall, TResult> call)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (call.Flight is { } key)
            _flights.Remove(key);
        call.Flight = null;
    }
}
