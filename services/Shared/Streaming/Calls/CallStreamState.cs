using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The calls of one stream at the callee, and where they stand: arrived, in a batch, answered and waiting to be written. Plain
/// synchronous state under one lock. Thread-safe.
/// </summary>
internal sealed partial class CallStreamState<TCall, TResult> : IDisposable
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
    private CallControl? _control;
    private bool _stopped;

    internal CallStreamState(
        CallStreamMethod<TCall, TResult> method,
        CallStreamServerOptions options,
        CallServerMetrics metrics,
        ICallInterceptor? interceptor,
        TimeProvider time,
        ILogger logger)
    {
        (_method, _options, _metrics, _interceptor, _time, _logger) = (method, options, metrics, interceptor, time, logger);
        Wheel = new(_gate, TimeSpan.FromMilliseconds(1), time);
        _control = new CallControl { Credit = (uint)options.Credit };
    }

    /// <summary>Deadlines of calls, of writes, of the stream itself.</summary>
    internal DeadlineWheel Wheel { get; }

    /// <summary>Wakes the writer.</summary>
    internal SingleWaiterAutoResetEvent Ready { get; } = new();

    /// <summary>Wakes the reader when it waits for the writer to catch up.</summary>
    internal SingleWaiterAutoResetEvent Written { get; } = new();

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

    /// <summary>Says something about the stream with the next frame.</summary>
    internal void Announce(Draining draining)
    {
        lock (_gate)
        {
            (_control ??= new CallControl()).Draining = draining;
            Ready.Set();
        }
    }

    /// <summary>Runs something under the lock, as the wheel asks for.</summary>
    internal void Schedule(DeadlineNode node, TimeSpan? after)
    {
        lock (_gate)
        {
            Wheel.Remove(node);
            if (after is { } time)
                Wheel.Add(node, _time.GetTimestamp() + ClockTicks.From(time, _time));
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
        _metrics.Opened();
        if (message.TimeoutMs > 0)
            Wheel.Add(call, now + ClockTicks.From(TimeSpan.FromMilliseconds(message.TimeoutMs), _time));
        Arrive(call, now);
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
