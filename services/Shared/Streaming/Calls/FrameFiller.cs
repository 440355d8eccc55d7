using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Moves what is queued for a stream into its next frame: as much as was queued while the last was written, within what a frame may have. Guarded
/// by the lock of the <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
/// <param name="gate">The table's lock.</param>
/// <param name="pool">Takes back the copies that were given up while they were queued.</param>
/// <param name="hedging">Learns of each copy that is sent.</param>
/// <param name="maxCalls">The most calls in a frame.</param>
/// <param name="maxBytes">How large a frame gets; a call that is larger by itself goes alone.</param>
/// <param name="metrics">Counts frames and calls.</param>
/// <param name="time">The clock.</param>
internal sealed class FrameFiller<TCall, TResult>(
    Lock gate, CallPool<TCall, TResult> pool, Hedging<TCall, TResult> hedging, int maxCalls, int maxBytes, CallClientMetrics metrics, TimeProvider time)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    // An id, a timeout, a principal, and what says that a call follows and how large it is.
    private const int CallOverhead = 30;

    // A number, and what says that a token follows and how large it is.
    private const int BindOverhead = 16;

    // Each takes ten bytes at the most.
    private const int MaxCancels = 4096;
    private int _gathering;

    /// <summary>Sends nothing from now on, until <see cref="EndGathering"/> was called as often.</summary>
    internal void BeginGathering()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _gathering++;
    }

    /// <summary>Sends again what is queued. True when there is something to be sent: the writers are to be woken.</summary>
    internal bool EndGathering()
    {
        Debug.Assert(gate.IsHeldByCurrentThread && _gathering > 0);
        return --_gathering == 0;
    }

    /// <summary>Fills the next frame of a stream, which is empty, and says what its writer has to do with it.</summary>
    internal WriterStep Fill(StreamLink<TCall, TResult> stream, RepeatedField<TCall> calls, RepeatedField<ulong> cancels, RepeatedField<CallPrincipal> bind)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (stream.State == StreamState.Broken)
            return WriterStep.Stop;
        if (_gathering > 0 && stream.State == StreamState.Ready)
            return WriterStep.Wait;
        AddCalls(stream, calls, bind);
        stream.Principals?.Trim();
        AddCancels(stream, cancels);
        if (calls.Count > 0)
            metrics.FrameSent(calls.Count);
        if (calls.Count + cancels.Count > 0)
            return WriterStep.Write;
        if (stream.State != StreamState.Retiring || stream.Outstanding > 0)
            return WriterStep.Wait;
        stream.State = StreamState.Completed;
        return WriterStep.Complete;
    }

    private void AddCalls(StreamLink<TCall, TResult> stream, RepeatedField<TCall> calls, RepeatedField<CallPrincipal> bind)
    {
        var now = time.GetTimestamp();
        var bytes = 0;
        while (calls.Count < maxCalls && stream.Outgoing.TryPeek(out var attempt))
        {
            var size = attempt.Call is { } next ? next.Bytes + CallOverhead : 0;
            if (calls.Count > 0 && bytes + size > maxBytes)
                return;
            if (attempt.Call?.Token is { } token)
            {
                var (bound, number) = (bind.Count, (stream.Principals ??= new()).NumberFor(token, bind));
                if (number == 0)
                    return;
                attempt.Message.PrincipalId = number;
                size += bind.Count > bound ? token.Length + BindOverhead : 0;
            }

            stream.Outgoing.Dequeue();
            // It was given up while it was queued.
            if (attempt.Call is not { } call)
            {
                pool.Return(attempt);
                continue;
            }

            attempt.IsSent = true;
            attempt.SentAt = now;
            bytes += size;
            calls.Add(attempt.Message);
            stream.Unanswered.Add(attempt.Id, attempt);
            if (attempt.IsHedge)
                continue;
            if (++call.Sent == 1)
                metrics.Queued(time.GetElapsedTime(call.SubmittedAt, now));
            hedging.OnSent(call, now);
        }
    }

    private static void AddCancels(StreamLink<TCall, TResult> stream, RepeatedField<ulong> cancels)
    {
        var count = Math.Min(stream.Cancels.Count, MaxCancels);
        for (var i = 0; i < count; i++)
            cancels.Add(stream.Cancels[i]);
        stream.Cancels.RemoveRange(0, count);
    }
}
