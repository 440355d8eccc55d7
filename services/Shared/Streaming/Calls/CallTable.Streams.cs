using Google.Protobuf.Collections;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <content>Streams join, carry frames, retire and break.</content>
internal sealed partial class CallTable<TCall, TResult>
{
    // Id and timeout, and what says that a call follows and how large it is.
    private const int CallOverhead = 24;

    // Ten bytes each at the most.
    private const int MaxCancels = 4096;
    private readonly List<StreamLink<TCall, TResult>> _streams = [];
    private readonly Outage _outage;
    private TaskCompletionSource _starving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? _outageSince;
    private ulong _lastId;
    private int _turn;
    private int _gathering;

    /// <summary>Whether there is a stream that takes calls.</summary>
    internal bool IsConnected
    {
        get
        {
            lock (_gate)
                return _streams.Count > 0;
        }
    }

    /// <summary>
    /// Completes when the last stream that took calls takes none any more: who waits before it connects again must not, since the replica
    /// that it knows as dead may long be back. Each task tells of the next time only.
    /// </summary>
    internal Task Starving
    {
        get
        {
            lock (_gate)
                return _starving.Task;
        }
    }

    /// <summary>Moves what is queued for a stream into its next frame.</summary>
    internal WriterStep TakeFrame(StreamLink<TCall, TResult> link, RepeatedField<TCall> calls, RepeatedField<ulong> cancels)
    {
        lock (_gate)
        {
            if (link.State == StreamState.Broken)
                return WriterStep.Stop;
            if (_gathering > 0 && link.State == StreamState.Ready)
                return WriterStep.Wait;
            var now = _time.GetTimestamp();
            var bytes = 0;
            while (calls.Count < _method.MaxCallsPerFrame && link.Outgoing.TryPeek(out var attempt))
            {
                var size = attempt.Call is { } next ? next.Bytes + CallOverhead : 0;
                if (calls.Count > 0 && bytes + size > _options.MaxFrameBytes)
                    break;
                link.Outgoing.Dequeue();
                if (attempt.Call is not { } call)
                {
                    Recycle(attempt);
                    continue;
                }

                attempt.IsSent = true;
                attempt.SentAt = now;
                bytes += size;
                calls.Add(attempt.Message);
                link.Unanswered.Add(attempt.Id, attempt);
                if (!attempt.IsHedge)
                    OnSent(call, now);
            }

            var cancelled = Math.Min(link.Cancels.Count, MaxCancels);
            for (var i = 0; i < cancelled; i++)
                cancels.Add(link.Cancels[i]);
            link.Cancels.RemoveRange(0, cancelled);
            if (calls.Count > 0)
                _metrics.FrameSent(calls.Count);
            if (calls.Count + cancels.Count > 0)
                return WriterStep.Write;
            if (link.State != StreamState.Retiring || link.Outstanding > 0)
                return WriterStep.Wait;
            link.State = StreamState.Completed;
            return WriterStep.Complete;
        }
    }

    /// <summary>From now on nothing is sent, until <see cref="SendGathered"/> was called as often.</summary>
    internal void Gather()
    {
        lock (_gate)
            _gathering++;
    }

    /// <summary>Sends what was gathered.</summary>
    internal void SendGathered()
    {
        lock (_gate)
        {
            if (--_gathering > 0)
                return;
            foreach (var link in _streams)
                link.Work.Set();
        }
    }

    /// <summary>Takes in a frame of answers and what it says about the stream.</summary>
    internal void OnFrame(StreamLink<TCall, TResult> link, RepeatedField<TResult> results, CallControl? control)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            if (control is not null)
                OnControl(link, control);
            var answered = 0;
            for (var i = 0; i < results.Count; i++)
            {
                var result = results[i];
                // One that is not known was answered before: the callee repeats itself.
                if (!link.Unanswered.Remove(result.CallId, out var attempt))
                    continue;
                answered++;
                link.Outstanding--;
                if (attempt.Call is { } call)
                    OnAnswer(call, attempt, result, now);
                Recycle(attempt);
            }

            if (answered > 0)
                _metrics.Answered(answered);
            if (_succeeded > 0)
                _metrics.Ended(StatusCode.OK, _succeeded);
            _succeeded = 0;
            Pump();
            HedgeParked();
            if (link.State == StreamState.Retiring && link.Outstanding == 0)
                link.Work.Set();
        }
    }

    /// <summary>No new calls for this stream: those queued move on, those sent are awaited, then it half-closes.</summary>
    internal void Retire(StreamLink<TCall, TResult> link)
    {
        lock (_gate)
        {
            if (link.State is not (StreamState.Opening or StreamState.Ready))
                return;
            Remove(link);
            link.State = StreamState.Retiring;
            while (link.Outgoing.TryDequeue(out var attempt))
                MoveOn(link, attempt);
            Pump();
            link.Work.Set();
        }
    }

    /// <summary>The stream has ended: what it left unanswered fails over or fails.</summary>
    internal void Break(StreamLink<TCall, TResult> link)
    {
        lock (_gate)
        {
            if (link.State == StreamState.Broken)
                return;
            Remove(link);
            if (link.State == StreamState.Opening)
                Unreachable();
            link.State = StreamState.Broken;
            var now = _time.GetTimestamp();
            _metrics.Answered(link.Unanswered.Count);
            foreach (var attempt in link.Unanswered.Values)
            {
                if (attempt.Call is { } call)
                {
                    call.Forget(attempt);
                    if (call.First is null && MayFailOver(call, now))
                        FailOver(call);
                    else if (call.First is null)
                        Fail(call, CallErrors.Broken);
                }

                Recycle(attempt);
            }

            link.Unanswered.Clear();
            while (link.Outgoing.TryDequeue(out var attempt))
                MoveOn(link, attempt);
            link.Outstanding = 0;
            Pump();
            link.Work.Set();
        }
    }

    private void Remove(StreamLink<TCall, TResult> link)
    {
        if (!_streams.Remove(link) || _streams.Count > 0)
            return;
        _starving.SetResult();
        _starving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private void OnControl(StreamLink<TCall, TResult> link, CallControl control)
    {
        if (control.HasCredit)
            link.Credit = (int)Math.Min(control.Credit, 65_536);
        if (link.State == StreamState.Opening && link.Credit > 0)
        {
            link.State = StreamState.Ready;
            _streams.Add(link);
            _wheel.Remove(_outage);
            _outageSince = null;
            link.SetReady();
        }

        if (control.Draining is { } draining)
        {
            Retire(link);
            var wait = draining.ReconnectAfter?.ToTimeSpan() ?? TimeSpan.Zero;
            link.SetLeaving(TimeSpan.FromSeconds(Math.Clamp(wait.TotalSeconds, 0, 60)));
        }
    }

    /// <summary>A copy that was queued and not sent goes to another stream, whatever the call: nobody has seen it.</summary>
    private void MoveOn(StreamLink<TCall, TResult> from, Attempt<TCall, TResult> attempt)
    {
        if (attempt.Call is { } call)
        {
            from.Outstanding--;
            call.Forget(attempt);
            if (call.First is null && !TryPlace(call))
                _waiting.AddFirst(call.Link);
        }

        Recycle(attempt);
    }

    /// <summary>It has turned out that a replica cannot be reached; if there is no other, calls will not wait for long any more.</summary>
    internal void Unreachable()
    {
        lock (_gate)
        {
            if (_streams.Count > 0 || _outageSince is not null)
                return;
            var now = _time.GetTimestamp();
            _outageSince = now;
            _wheel.Add(_outage, now + ClockTicks.From(_options.UnavailableAfter, _time));
        }
    }

    private bool OutageIsLong(long now) =>
        _streams.Count == 0 && _outageSince is { } since && _time.GetElapsedTime(since, now) >= _options.UnavailableAfter;

    /// <summary>Falls due when no replica could be reached for too long: nobody is kept waiting for one.</summary>
    private sealed class Outage(CallTable<TCall, TResult> table) : DeadlineNode
    {
        protected override void OnDeadline()
        {
            while (table._waiting.First is { } first)
                table.Fail(first.Value, CallErrors.NoReplica);
        }
    }
}
