using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The calls of one stream at the callee, from their arrival to the batch that they are handled in. Together with <see cref="Calls"/>, which knows
/// what is unanswered, it is plain synchronous state under one lock. Thread-safe; a method that needs the lock is named so.
/// </summary>
internal sealed class CallStreamState<TCall, TResult> : IDisposable
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly Lock _gate = new();
    private readonly Queue<ServerCall<TCall, TResult>> _arrived = new();
    private readonly Stack<ServerCall<TCall, TResult>> _spare = new();
    private readonly CallStreamMethod<TCall, TResult> _method;
    private readonly CallStreamServerOptions _options;
    private readonly CallServerMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly DeadlineWheel _wheel;
    private readonly CallFaults<TCall, TResult>? _faults;
    private readonly IStreamRights? _rights;
    private RpcSpans? _spans;

    // Most streams have none.
    private BoundPrincipals<TCall, TResult>? _principals;

    /// <param name="method">The stream's method.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="metrics">Counts calls and batches.</param>
    /// <param name="time">The clock.</param>
    /// <param name="interceptor">Decides which calls are delayed or failed, and when the stream is cut; null when none is registered.</param>
    /// <param name="cut">Cuts the stream, in the thread pool.</param>
    /// <param name="rights">What the caller may ask for; null for everything.</param>
    internal CallStreamState(
        CallStreamMethod<TCall, TResult> method,
        CallStreamServerOptions options,
        CallServerMetrics metrics,
        TimeProvider time,
        ICallInterceptor? interceptor = null,
        Action? cut = null,
        IStreamRights? rights = null)
    {
        (_method, _options, _metrics, _time, _rights) = (method, options, metrics, time, rights);
        _wheel = new(_gate, TimeSpan.FromMilliseconds(1), time);
        Calls = new(_gate, _wheel, options.Credit, metrics);
        if (interceptor is not null)
            _faults = new(this, interceptor, $"/{method.Name}", cut ?? (() => { }));
    }

    /// <summary>What is unanswered, and the answers for the writer.</summary>
    internal OpenCalls<TCall, TResult> Calls { get; }

    /// <summary>How many tokens are bound. For tests.</summary>
    internal int Bound => _principals?.Count ?? 0;

    /// <summary>Called, in the thread pool, when a call that was delayed has arrived after all.</summary>
    internal Action Released { get; set; } = () => { };

    /// <summary>Whether calls wait for a batch.</summary>
    internal bool HasArrived
    {
        get
        {
            lock (_gate)
                return _arrived.Count > 0 && !Calls.IsStoppedUnsynchronized;
        }
    }

    /// <summary>Takes in a frame of calls and cancellations. Returns how many calls wait for a batch now. Only the stream's reader calls it.</summary>
    /// <exception cref="RpcException">The frame has too many calls, or binds too many principals.</exception>
    internal int Accept(ICallFrame<TCall> frame)
    {
        if (frame.Calls.Count > _method.MaxCallsPerFrame)
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"A frame may carry {_method.MaxCallsPerFrame} calls."));
        if (frame.Bind.Count > 0)
            _principals ??= new(_rights, EndCheckAsync);
        // Before the lock: checking a token takes its time.
        _principals?.Take(frame);
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            foreach (var message in frame.Calls)
                AcceptUnsynchronized(message, now);
            foreach (var id in frame.CancelCallIds)
                Calls.CancelUnsynchronized(id);
            return _arrived.Count;
        }
    }

    /// <summary>Moves what has arrived into an empty batch; what has an answer by now needs none. False when there is nothing.</summary>
    internal bool TakeBatch(CallBatch<TCall, TResult> batch, CancellationTokenSource running)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            while (batch.Calls.Count < _options.MaxBatch && !Calls.IsStoppedUnsynchronized && _arrived.TryDequeue(out var call))
            {
                // Its deadline or its cancellation was faster than the batch.
                if (call.IsAnswered)
                {
                    RecycleUnsynchronized(call);
                    continue;
                }

                call.Batch = batch;
                batch.Calls.Add(call);
                if (!call.Message.TraceContext.IsEmpty)
                    StartSpanUnsynchronized(call, batch, now);
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

    /// <summary>The handler has returned: what it left open is answered with the status. Returns how many calls those were.</summary>
    internal int EndBatch(CallBatch<TCall, TResult> batch, Google.Rpc.Status status)
    {
        lock (_gate)
        {
            // The handler is not to be cancelled any more.
            batch.Running = null;
            var left = batch.Unanswered;
            foreach (var call in batch.Calls)
            {
                if (!call.IsAnswered)
                    Calls.AnswerUnsynchronized(call, new TResult { Error = status });
                RecycleUnsynchronized(call);
            }

            batch.Calls.Clear();
            if (left > 0)
                Calls.Ready.Set();
            return left;
        }
    }

    /// <summary>A call goes on to its handler after a delay. When it has been answered meanwhile, whoever takes the batch sees that.</summary>
    internal void ReleaseUnsynchronized(ServerCall<TCall, TResult> call)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        _arrived.Enqueue(call);
        ThreadPool.UnsafeQueueUserWorkItem(static released => released(), Released, preferLocal: false);
    }

    /// <summary>Lets a node fall due after a time, and not at the time that was set before; null: not at all.</summary>
    internal void Schedule(DeadlineNode node, TimeSpan? after)
    {
        lock (_gate)
        {
            _wheel.Remove(node);
            if (after is { } time)
                _wheel.Add(node, _time.GetTimestamp() + ClockTicks.From(time, _time));
        }
    }

    public void Dispose()
    {
        lock (_gate)
            _wheel.Dispose();
    }

    private void AcceptUnsynchronized(TCall message, long now)
    {
        if (Calls.IsStoppedUnsynchronized || !Calls.AdmitUnsynchronized(message.CallId))
            return;
        var principal = message.PrincipalId == 0 ? null : _principals?.Find(message.PrincipalId);
        if (message.PrincipalId != 0 && principal is null)
        {
            Calls.RefuseUnsynchronized(message.CallId, CallResults.PrincipalUnknown);
            return;
        }

        if (!_spare.TryPop(out var call))
            call = new(Calls);
        call.Message = message;
        call.Id = message.CallId;
        call.ArrivedAt = now;
        call.IsAnswered = false;
        Calls.OpenUnsynchronized(call, message.TimeoutMs > 0 ? now + ClockTicks.From(TimeSpan.FromMilliseconds(message.TimeoutMs), _time) : null);
        if (principal is null)
            GoOnUnsynchronized(call, new BoundRights(_rights, null));
        else if (principal.IsChecking)
            principal.Waiting.Add(call);
        else
            GoOnUnsynchronized(call, principal.Outcome);
    }

    /// <summary>It is known what a call may be about.</summary>
    private void GoOnUnsynchronized(ServerCall<TCall, TResult> call, BoundRights caller)
    {
        call.Rights = caller.Rights;
        // Where its deadline or its cancellation was faster than the check of a token, whoever takes the batch sees that.
        if (!call.IsAnswered && _rights is not null && call.Message is IMessage asked && (caller.Refusal ?? caller.Rights!.Refusal(asked)) is { } refusal)
        {
            Calls.AnswerUnsynchronized(call, new TResult { Error = refusal.Clone() });
            Calls.Ready.Set();
            RecycleUnsynchronized(call);
        }
        else if (_faults?.AppliesUnsynchronized(call) != true)
        {
            _arrived.Enqueue(call);
        }
    }

    private async Task EndCheckAsync(BoundPrincipal<TCall, TResult> principal, ValueTask<BoundRights> check)
    {
        var outcome = await check;
        lock (_gate)
        {
            principal.EndCheck(outcome);
            principal.Waiting.ForEach(call => GoOnUnsynchronized(call, outcome));
            principal.Waiting.Clear();
        }

        Released();
    }

    private void StartSpanUnsynchronized(ServerCall<TCall, TResult> call, CallBatch<TCall, TResult> batch, long now)
    {
        _spans ??= new(_method.Name);
        call.Span = _spans.StartServer(call.Message.TraceContext.Span, batch.Spans?[0], DateTimeOffset.UtcNow - _time.GetElapsedTime(call.ArrivedAt, now));
        if (call.Span is { } span)
            (batch.Spans ??= []).Add(span);
    }

    private void RecycleUnsynchronized(ServerCall<TCall, TResult> call)
    {
        call.Generation++;
        call.Message = null!;
        call.Span = null;
        call.Batch = null;
        call.Rights = null;
        if (_spare.Count < _options.Credit)
            _spare.Push(call);
    }
}
