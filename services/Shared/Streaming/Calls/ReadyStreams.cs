using System.Diagnostics;
using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The streams that take calls, and the choice among them: a call goes to the one with the fewest calls outstanding. Guarded by the lock of
/// the <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
/// <param name="gate">The table's lock.</param>
internal sealed class ReadyStreams<TCall, TResult>(Lock gate)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly List<StreamLink<TCall, TResult>> _streams = [];
    private TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _next;

    /// <summary>How many there are.</summary>
    internal int Count
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _streams.Count;
        }
    }

    /// <summary>How many calls are queued at them, or sent and unanswered.</summary>
    internal int Outstanding
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _streams.Sum(stream => stream.Outstanding);
        }
    }

    /// <summary>Completes when the last stream is removed. Each task tells of the next time only.</summary>
    internal Task Emptied
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _emptied.Task;
        }
    }

    internal void Add(StreamLink<TCall, TResult> stream)
    {
        Debug.Assert(gate.IsHeldByCurrentThread && !_streams.Contains(stream));
        _streams.Add(stream);
    }

    /// <summary>Removes a stream, whether it takes calls or not.</summary>
    internal void Remove(StreamLink<TCall, TResult> stream)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (!_streams.Remove(stream) || _streams.Count > 0)
            return;
        _emptied.SetResult();
        _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>The stream with the fewest calls outstanding that has credit left; equal ones take turns. Null when none has.</summary>
    /// <param name="exceptReplica">A replica whose streams are not chosen; null when all may be.</param>
    internal StreamLink<TCall, TResult>? LeastLoaded(object? exceptReplica = null)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (++_next >= _streams.Count)
            _next = 0;
        StreamLink<TCall, TResult>? best = null;
        for (int i = 0, at = _next; i < _streams.Count; i++)
        {
            var stream = _streams[at];
            if (stream.HasRoom && !ReferenceEquals(stream.Replica, exceptReplica) && (best is null || stream.Outstanding < best.Outstanding))
                best = stream;
            if (++at == _streams.Count)
                at = 0;
        }

        return best;
    }

    /// <summary>Wakes the writers of all of them.</summary>
    internal void WakeWriters()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        foreach (var stream in _streams)
            stream.Work.Set();
    }
}
