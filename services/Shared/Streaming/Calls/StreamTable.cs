using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The streams of one client, as those who run them see them: they join, carry frames, retire and break. The other side of the
/// <see cref="CallTable{TCall, TResult}"/>, under the same lock. Thread-safe.
/// </summary>
internal sealed class StreamTable<TCall, TResult>(
    Lock gate,
    CallTable<TCall, TResult> calls,
    ReadyStreams<TCall, TResult> ready,
    CallPlacement<TCall, TResult> placement,
    Hedging<TCall, TResult> hedging,
    CallOutcomes<TCall, TResult> outcomes,
    CallPool<TCall, TResult> pool,
    FrameFiller<TCall, TResult> frames,
    ReplicaOutage outage,
    CallClientMetrics metrics,
    TimeProvider time)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private const int MaxCredit = 65_536;
    private static readonly TimeSpan LongestAway = TimeSpan.FromMinutes(1);

    /// <summary>Whether there is a stream that takes calls.</summary>
    internal bool IsConnected
    {
        get
        {
            lock (gate)
                return ready.Count > 0;
        }
    }

    /// <summary>
    /// Completes when the last stream that took calls takes none any more. A loop that waits before it connects again then waits no longer: its
    /// replica may have been back for long. Each task tells of the next time only.
    /// </summary>
    internal Task Starving
    {
        get
        {
            lock (gate)
                return ready.Emptied;
        }
    }

    /// <summary>Moves what is queued for a stream into its next frame.</summary>
    internal WriterStep TakeFrame(StreamLink<TCall, TResult> link, RepeatedField<TCall> frame, RepeatedField<ulong> cancels, RepeatedField<CallPrincipal> bind)
    {
        lock (gate)
            return frames.Fill(link, frame, cancels, bind);
    }

    /// <summary>Sends nothing from now on, until <see cref="SendGathered"/> was called as often.</summary>
    internal void Gather()
    {
        lock (gate)
            frames.BeginGathering();
    }

    /// <summary>Sends what was gathered.</summary>
    internal void SendGathered()
    {
        lock (gate)
        {
            if (frames.EndGathering())
                ready.WakeWriters();
        }
    }

    /// <summary>Takes in a frame of answers and what it says about the stream.</summary>
    internal void OnFrame(StreamLink<TCall, TResult> link, RepeatedField<TResult> results, CallControl? control)
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            if (control is not null)
                OnControlUnsynchronized(link, control);
            var answered = 0;
            for (var i = 0; i < results.Count; i++)
            {
                var result = results[i];
                if (link.TakeAnswered(result.CallId) is not { } attempt)
                    continue;
                answered++;
                calls.AnswerUnsynchronized(attempt, result, now);
                pool.Return(attempt);
            }

            if (answered > 0)
                metrics.Answered(answered);
            outcomes.CountSucceeded();
            placement.PlaceWaiting();
            hedging.HedgeParked();
            if (link.State == StreamState.Retiring && link.Outstanding == 0)
                link.Work.Set();
        }
    }

    /// <summary>Gives the stream no new calls: those that are queued move to others, those that were sent are awaited, then it half-closes.</summary>
    internal void Retire(StreamLink<TCall, TResult> link)
    {
        lock (gate)
            RetireUnsynchronized(link);
    }

    /// <summary>The stream has ended: what it left unanswered fails over or fails.</summary>
    internal void Break(StreamLink<TCall, TResult> link)
    {
        lock (gate)
        {
            // Its reader, its writer and whoever aborts it may each be the first to find out.
            if (link.State == StreamState.Broken)
                return;
            ready.Remove(link);
            if (link.State == StreamState.Opening)
                UnreachableUnsynchronized();
            link.State = StreamState.Broken;
            var now = time.GetTimestamp();
            metrics.Answered(link.Unanswered.Count);
            foreach (var attempt in link.Unanswered.Values)
            {
                calls.LoseUnsynchronized(attempt, now);
                pool.Return(attempt);
            }

            link.Unanswered.Clear();
            MoveQueuedUnsynchronized(link);
            link.Outstanding = 0;
            placement.PlaceWaiting();
            link.Work.Set();
        }
    }

    /// <summary>It has turned out that a replica cannot be reached; if there is no other, calls will soon stop to wait for one.</summary>
    internal void Unreachable()
    {
        lock (gate)
            UnreachableUnsynchronized();
    }

    private void OnControlUnsynchronized(StreamLink<TCall, TResult> link, CallControl control)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (control.HasCredit)
            link.Credit = (int)Math.Min(control.Credit, MaxCredit);
        if (link.State == StreamState.Opening && link.Credit > 0)
        {
            link.State = StreamState.Ready;
            ready.Add(link);
            outage.End();
            link.SetReady();
        }

        if (control.Draining is { } draining)
        {
            RetireUnsynchronized(link);
            var wait = draining.ReconnectAfter?.ToTimeSpan() ?? TimeSpan.Zero;
            link.SetLeaving(TimeSpan.FromSeconds(Math.Clamp(wait.TotalSeconds, 0, LongestAway.TotalSeconds)));
        }
    }

    private void RetireUnsynchronized(StreamLink<TCall, TResult> link)
    {
        if (link.State is not (StreamState.Opening or StreamState.Ready))
            return;
        ready.Remove(link);
        link.State = StreamState.Retiring;
        MoveQueuedUnsynchronized(link);
        placement.PlaceWaiting();
        link.Work.Set();
    }

    /// <summary>Copies that were queued and not sent go to other streams, whatever the method: nobody has seen them.</summary>
    private void MoveQueuedUnsynchronized(StreamLink<TCall, TResult> link)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        while (link.Outgoing.TryDequeue(out var attempt))
        {
            if (attempt.Call is { } call)
            {
                link.Outstanding--;
                call.Forget(attempt);
                if (call.First is null)
                    placement.PlaceAgain(call);
            }

            pool.Return(attempt);
        }
    }

    private void UnreachableUnsynchronized()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (ready.Count == 0)
            outage.Begin(time.GetTimestamp());
    }
}
