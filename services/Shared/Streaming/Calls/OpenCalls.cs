using System.Diagnostics;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The calls of one stream that have no answer yet, and the answers that are not written yet. Each call gets exactly one answer: the handler, the
/// call's deadline, its cancellation and the end of the stream race for it, and the first wins. Shares the lock of the
/// <see cref="CallStreamState{TCall, TResult}"/>. Thread-safe; a method that needs the lock is named so.
/// </summary>
/// <param name="gate">The stream's lock.</param>
/// <param name="wheel">Holds each call until its deadline.</param>
/// <param name="credit">How many calls may be open.</param>
/// <param name="metrics">Counts calls and their outcomes.</param>
internal sealed class OpenCalls<TCall, TResult>(Lock gate, DeadlineWheel wheel, int credit, CallServerMetrics metrics)
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly Dictionary<ulong, ServerCall<TCall, TResult>> _open = [];
    private readonly AnswerQueue<TResult> _answers = new(gate, credit);
    private bool _stopped;

    /// <summary>Wakes the writer.</summary>
    internal SingleWaiterAutoResetEvent Ready => _answers.Ready;

    /// <summary>Wakes the reader when it waits for the writer to catch up.</summary>
    internal SingleWaiterAutoResetEvent Taken => _answers.Taken;

    /// <summary>Whether everything has been answered for good, by <see cref="AnswerAll"/>.</summary>
    internal bool IsStoppedUnsynchronized
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _stopped;
        }
    }

    /// <summary>True when answers pile up: only a caller that goes beyond its credit, or does not read, gets here.</summary>
    internal bool IsFull
    {
        get
        {
            lock (gate)
                return !_stopped && _answers.Count > 2 * credit;
        }
    }

    /// <summary>How many calls are open, and how many answers were handed to the transport.</summary>
    internal (int Open, long Answered) Count
    {
        get
        {
            lock (gate)
                return (_open.Count, _answers.Written);
        }
    }

    /// <summary>Whether a call with this id may be opened; if not, it is answered at once.</summary>
    internal bool AdmitUnsynchronized(ulong id)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (_open.ContainsKey(id))
            RefuseUnsynchronized(id, CallResults.Status(StatusCode.AlreadyExists, "A call with this id is unanswered."));
        else if (_open.Count >= credit)
            RefuseUnsynchronized(id, CallResults.Status(StatusCode.ResourceExhausted, "The call goes beyond the stream's credit."));
        else
            return true;
        return false;
    }

    /// <summary>Answers a call that is not opened.</summary>
    internal void RefuseUnsynchronized(ulong id, Google.Rpc.Status status)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _answers.Add(new TResult { CallId = id, Error = status });
        metrics.Refused((StatusCode)status.Code);
        Ready.Set();
    }

    /// <summary>Opens a call that was admitted, until its deadline.</summary>
    internal void OpenUnsynchronized(ServerCall<TCall, TResult> call, long? deadline)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _open.Add(call.Id, call);
        metrics.Opened();
        if (deadline is { } due)
            wheel.Add(call, due);
    }

    /// <summary>Answers a call, unless it has been answered.</summary>
    internal bool Answer(ServerCall<TCall, TResult> call, int generation, TResult result)
    {
        lock (gate)
        {
            if (call.Generation != generation || call.IsAnswered)
                return false;
            AnswerUnsynchronized(call, result);
            Ready.Set();
            return true;
        }
    }

    /// <summary>Answers those of several calls that have no answer yet, together; a result that is null leaves its call open.</summary>
    internal void Answer(List<ServerCall<TCall, TResult>> calls, TResult?[] results)
    {
        lock (gate)
        {
            for (var i = 0; i < calls.Count; i++)
            {
                if (!calls[i].IsAnswered && results[i] is { } result)
                    AnswerUnsynchronized(calls[i], result);
            }

            Ready.Set();
        }
    }

    internal bool IsAnswered(ServerCall<TCall, TResult> call, int generation)
    {
        lock (gate)
            return call.Generation != generation || call.IsAnswered;
    }

    /// <summary>Answers everything that is open. What arrives later is not looked at.</summary>
    internal void AnswerAll(StatusCode code, string message)
    {
        lock (gate)
        {
            _stopped = true;
            foreach (var call in _open.Values.ToArray())
                ExpireUnsynchronized(call, code, message);
            _answers.Stop();
        }
    }

    /// <summary>Answers the call with this id CANCELLED. An id that is not known belongs to a call whose answer has crossed with the cancellation.</summary>
    internal void CancelUnsynchronized(ulong id)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (_open.TryGetValue(id, out var call))
            ExpireUnsynchronized(call, StatusCode.Cancelled, "The call was cancelled.");
    }

    /// <summary>Answers a call in the handler's place; when it was the last of its batch, the handler is cancelled.</summary>
    internal void ExpireUnsynchronized(ServerCall<TCall, TResult> call, StatusCode code, string message)
    {
        AnswerUnsynchronized(call, CallResults.Error<TResult>(code, message));
        Ready.Set();
        call.Batch?.CancelWhenAnswered();
    }

    /// <summary>Answers a call that has no answer yet. Whoever answers the last of several sets <see cref="Ready"/>.</summary>
    internal void AnswerUnsynchronized(ServerCall<TCall, TResult> call, TResult result)
    {
        Debug.Assert(gate.IsHeldByCurrentThread && !call.IsAnswered);
        call.IsAnswered = true;
        wheel.Remove(call);
        _open.Remove(call.Id);
        result.CallId = call.Id;
        _answers.Add(result);
        var code = result.Error is { } error ? (StatusCode)error.Code : StatusCode.OK;
        metrics.Ended(code);
        // It is stopped with its batch: here that would change what is current for whoever answers.
        if (call.Span is { } span)
        {
            RpcSpans.SetOutcome(span, code);
            span.SetEndTime(DateTime.UtcNow);
        }

        if (call.Batch is { } batch)
            batch.Unanswered--;
    }

    /// <summary>Completes when every answer that there is by now has been handed to the transport, or never will be.</summary>
    internal Task WhenWrittenAsync()
    {
        lock (gate)
            return _answers.WhenWrittenAsync();
    }

    /// <summary>
    /// Takes the answers that are to be written next. False when there is nothing to write; <paramref name="idle"/> says that no call is open
    /// either.
    /// </summary>
    internal bool TakeAnswers(ref List<TResult> taken, out CallControl? control, out bool idle)
    {
        lock (gate)
        {
            idle = _open.Count == 0;
            return _answers.Take(ref taken, out control);
        }
    }

    /// <summary>So many of the answers that were taken have been handed to the transport.</summary>
    internal void Wrote(int answers)
    {
        lock (gate)
            _answers.Wrote(answers);
    }

    /// <summary>Says with the next frame that this end is leaving.</summary>
    internal void Announce(Draining draining)
    {
        lock (gate)
            _answers.Announce(draining);
    }
}
