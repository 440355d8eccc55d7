using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The calls of one stream at the callee, and where they stand: arrived, in a batch, answered and waiting to be written. Plain
/// synchronous state under one lock. Thread-safe.
/// </summary>
internal sealed class CallStreamState<TCall, TResult> : IDisposable
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, ServerCall<TCall, TResult>> _open = [];
    private readonly Queue<ServerCall<TCall, TResult>> _arrived = new();
    private readonly Stack<ServerCall<TCall, TResult>> _spare = new();
    private readonly CallStreamMethod<TCall, TResult> _method;
    private readonly CallStreamServerOptions _options;
    private readonly CallServerMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private List<TResult> _answers = [];
    private CallControl? _control;
    private bool _stopped;

    internal CallStreamState(
        CallStreamMethod<TCall, TResult> method, CallStreamServerOptions options, CallServerMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_method, _options, _metrics, _time, _logger) = (method, options, metrics, time, logger);
        Wheel = new(_gate, TimeSpan.FromMilliseconds(1), time);
        _control = new CallControl { Credit = (uint)options.Credit };
    }

    /// <summary>Deadlines of calls, of writes, of the stream itself.</summary>
    internal DeadlineWheel Wheel { get; }

    /// <summary>Wakes the writer.</summary>
    internal AsyncSignal Ready { get; } = new();

    /// <summary>Wakes the reader when it waits for the writer to catch up.</summary>
    internal AsyncSignal Written { get; } = new();

    /// <summary>True when answers pile up: only a caller that goes beyond its credit, or does not read, gets here.</summary>
    internal bool IsFull
    {
        get
        {
            lock (_gate)
                return !_stopped && _answers.Count > 2 * _options.Credit;
        }
    }

    /// <summary>Whether calls wait for a batch.</summary>
    internal bool HasArrived
    {
        get
        {
            lock (_gate)
                return _arrived.Count > 0 && !_stopped;
        }
    }

    /// <summary>Takes in a frame of calls and cancellations. Returns how many calls wait for a batch now.</summary>
    internal int Accept(ICallFrame<TCall> frame)
    {
        if (frame.Calls.Count > _method.MaxCallsPerFrame)
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"A frame may carry {_method.MaxCallsPerFrame} calls."));
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            foreach (var message in frame.Calls)
                Accept(message, now);
            foreach (var id in frame.CancelCallIds)
            {
                // One that is not known has been answered already.
                if (_open.TryGetValue(id, out var call))
                    Expire(call, StatusCode.Cancelled, "The call was cancelled.");
            }

            return _arrived.Count;
        }
    }

    /// <summary>Moves what has arrived into an empty batch; what has an answer by now needs none. False when there is nothing.</summary>
    internal bool TakeBatch(CallBatch<TCall, TResult> batch, CancellationTokenSource running)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            while (batch.Calls.Count < _options.MaxBatch && !_stopped && _arrived.TryDequeue(out var call))
            {
                if (call.IsAnswered)
                {
                    Recycle(call);
                    continue;
                }

                call.Batch = batch;
                batch.Calls.Add(call);
                _metrics.Queued(_time.GetElapsedTime(call.ArrivedAt, now));
            }

            batch.Unanswered = batch.Calls.Count;
            if (batch.Calls.Count == 0)
                return false;
            batch.Running = running;
            _metrics.Batch(batch.Calls.Count);
            return true;
        }
    }

    /// <summary>The handler has returned: what it left open is answered. Returns how many those were.</summary>
    internal int EndBatch(CallBatch<TCall, TResult> batch, Google.Rpc.Status status)
    {
        lock (_gate)
        {
            // Nobody is to be cancelled any more.
            batch.Running = null;
            var left = batch.Unanswered;
            foreach (var call in batch.Calls)
            {
                if (!call.IsAnswered)
                    Answer(call, call.Generation, new TResult { Error = status });
                Recycle(call);
            }

            batch.Calls.Clear();
            return left;
        }
    }

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

    /// <summary>Makes one answer; when that fails, the error that stands for it.</summary>
    internal TResult Make(Func<TCall, TResult> answer, TCall message)
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

    /// <summary>Says something about the stream with the next frame.</summary>
    internal void Announce(Draining draining)
    {
        lock (_gate)
        {
            (_control ??= new CallControl()).Draining = draining;
            Ready.Set();
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
    /// Swaps the answers that are ready for an empty list. False when nothing is to be written; <paramref name="idle"/> says that
    /// nothing is open either.
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

    /// <summary>Runs something under the lock, as the wheel asks for.</summary>
    internal void Schedule(DeadlineNode node, TimeSpan? after)
    {
        lock (_gate)
        {
            Wheel.Remove(node);
            if (after is { } time)
                Wheel.Add(node, _time.GetTimestamp() + Timestamps.From(time, _time));
        }
    }

    public void Dispose()
    {
        lock (_gate)
            Wheel.Dispose();
    }

    private void Accept(TCall message, long now)
    {
        if (_stopped)
            return;
        if (_open.ContainsKey(message.CallId))
        {
            Refuse(message.CallId, StatusCode.AlreadyExists, "A call with this id is unanswered.");
            return;
        }

        if (_open.Count >= _options.Credit)
        {
            Refuse(message.CallId, StatusCode.ResourceExhausted, "The call goes beyond the stream's credit.");
            return;
        }

        if (!_spare.TryPop(out var call))
            call = new(this);
        call.Message = message;
        call.Id = message.CallId;
        call.ArrivedAt = now;
        call.IsAnswered = false;
        _open.Add(call.Id, call);
        _arrived.Enqueue(call);
        _metrics.Opened();
        if (message.TimeoutMs > 0)
            Wheel.Add(call, now + Timestamps.From(TimeSpan.FromMilliseconds(message.TimeoutMs), _time));
    }

    private void Refuse(ulong id, StatusCode code, string message)
    {
        var result = ServerErrors.Of<TResult>(code, message);
        result.CallId = id;
        _answers.Add(result);
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
        _metrics.Ended(result.Error is { } error ? (StatusCode)error.Code : StatusCode.OK);
        if (call.Batch is { } batch)
            batch.Unanswered--;
    }

    private void Recycle(ServerCall<TCall, TResult> call)
    {
        call.Generation++;
        call.Message = null!;
        call.Batch = null;
        if (_spare.Count < _options.Credit)
            _spare.Push(call);
    }
}
