using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <content>Calls are answered, each once, and the answers wait for the writer.</content>
internal sealed partial class CallStreamState<TCall, TResult>
{
    private List<TResult> _answers = [];
    private List<(long Answers, TaskCompletionSource Written)>? _waitForWritten;
    private long _made;
    private long _written;

    /// <summary>Answers a call, unless it has been answered.</summary>
    internal bool Answer(ServerCall<TCall, TResult> call, int generation, TResult result)
    {
        lock (_gate)
        {
            if (call.Generation != generation || call.IsAnswered)
                return false;
            Settle(call, result);
            Ready.Set();
            return true;
        }
    }

    /// <summary>Answers several calls together.</summary>
    internal void Answer(List<ServerCall<TCall, TResult>> calls, TResult?[] results)
    {
        lock (_gate)
        {
            for (var i = 0; i < calls.Count; i++)
            {
                if (!calls[i].IsAnswered && results[i] is { } result)
                    Settle(calls[i], result);
            }

            Ready.Set();
        }
    }

    internal bool IsAnswered(ServerCall<TCall, TResult> call, int generation)
    {
        lock (_gate)
            return call.Generation != generation || call.IsAnswered;
    }

    /// <summary>Completes when every answer that there is by now has been handed to the transport, or never will be.</summary>
    internal Task WaitForWrittenAsync()
    {
        lock (_gate)
        {
            if (_stopped || _written == _made)
                return Task.CompletedTask;
            var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_waitForWritten ??= []).Add((_made, written));
            return written.Task;
        }
    }

    /// <summary>Makes one answer; when that fails, the error that stands for it.</summary>
    internal TResult? Make(Func<TCall, TResult?> answer, TCall message)
    {
        try
        {
            return answer(message);
        }
        catch (Exception e)
        {
            if (e is not RpcException)
                CallStreamLog.HandlerFailed(_logger, _method.Name, 1, e);
            return new TResult { Error = ServerErrors.From(e) };
        }
    }

    /// <summary>Answers everything that is open; what arrives later is not looked at.</summary>
    internal void AnswerAll(StatusCode code, string message)
    {
        lock (_gate)
        {
            _stopped = true;
            foreach (var call in _open.Values.ToArray())
                Expire(call, code, message);
            Written.Set();
            _waitForWritten?.ForEach(waiting => waiting.Written.TrySetResult());
            _waitForWritten = null;
        }
    }

    /// <summary>Answers a call in the handler's place; when it was the last of its batch, the handler is cancelled. Under the lock.</summary>
    internal void Expire(ServerCall<TCall, TResult> call, StatusCode code, string message)
    {
        Settle(call, ServerErrors.Of<TResult>(code, message));
        Ready.Set();
        if (call.Batch is { Unanswered: 0, Running: { } running } batch)
        {
            // Asynchronously: the handler's callbacks do not belong under the lock. The batch's worker awaits it.
            batch.Running = null;
            batch.Cancelling = running.CancelAsync();
        }
    }

    /// <summary>
    /// Swaps the answers that are ready for an empty list. False when nothing is to be written; <paramref name="idle"/> says that nothing is
    /// open either.
    /// </summary>
    internal bool TakeAnswers(ref List<TResult> taken, out CallControl? control, out bool idle)
    {
        lock (_gate)
        {
            (taken, _answers) = (_answers, taken);
            (control, _control) = (_control, null);
            idle = _open.Count == 0;
            if (taken.Count > 0)
                Written.Set();
            return taken.Count > 0 || control is not null;
        }
    }

    /// <summary>So many of the answers that were taken have been handed to the transport.</summary>
    internal void Wrote(int answers)
    {
        lock (_gate)
        {
            _written += answers;
            _waitForWritten?.RemoveAll(waiting => waiting.Answers <= _written && waiting.Written.TrySetResult());
        }
    }

    private void Refuse(ulong id, StatusCode code, string message)
    {
        var result = ServerErrors.Of<TResult>(code, message);
        result.CallId = id;
        _answers.Add(result);
        _made++;
        _metrics.Refused(code);
        Ready.Set();
    }

    private void Settle(ServerCall<TCall, TResult> call, TResult result)
    {
        call.IsAnswered = true;
        Wheel.Remove(call);
        _open.Remove(call.Id);
        result.CallId = call.Id;
        _answers.Add(result);
        _made++;
        _metrics.Ended(result.Error is { } error ? (StatusCode)error.Code : StatusCode.OK);
        if (call.Batch is { } batch)
            batch.Unanswered--;
    }
}
