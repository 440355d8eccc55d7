using System.Diagnostics.Metrics;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Calls a backend over call streams: one stream to each of its replicas, many calls on each. Register it with
/// <see cref="CallStreamServiceCollectionExtensions"/> and use it as a singleton. Thread-safe.
/// </summary>
/// <remarks>
/// A call goes to the replica with the fewest calls outstanding; calls that are queued while a frame is written go out in the next frame.
/// Calls of an idempotent method fail over when a stream breaks, are hedged when they are slow, and are shared when they are identical. Waiting
/// is bounded everywhere: by credit, by <see cref="CallStreamClientOptions.MaxWaiting"/>, and by every call's own deadline. In a steady state
/// a call allocates nothing here but its message and its answer, which are the caller's.
/// </remarks>
/// <typeparam name="TCall">The message of one call.</typeparam>
/// <typeparam name="TResult">The message that answers it.</typeparam>
public sealed class CallStreamClient<TCall, TResult> : IAsyncDisposable
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult, new()
{
    private readonly CallStreamMethod<TCall, TResult> _method;
    private readonly CallStreamClientOptions _options;
    private readonly CallTable<TCall, TResult> _table;
    private readonly ReplicaSet<TCall, TResult> _replicas;
    private readonly RpcSpans _spans;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _starting = new();
    private Task? _running;

    internal CallStreamClient(
        CallStreamMethod<TCall, TResult> method,
        CallStreamClientOptions options,
        Func<Uri, ReplicaConnection<TCall, TResult>> connect,
        IReplicaSource source,
        IMeterFactory meters,
        TimeProvider time,
        AwayReplicas away,
        ILogger logger)
    {
        _method = method;
        _options = options;
        _spans = new(method.Name);
        var limit = options.AdaptiveConcurrency ? new ConcurrencyLimit(options.MinConcurrency, options.MaxConcurrency, time) : null;
        _table = new(method, options, new CallClientMetrics(meters, method.Name, limit), time, limit);
        _replicas = new(source, _table.Streams, connect, options, time, away, logger);
    }

    /// <summary>How many calls are known; zero when nothing is left behind. For tests.</summary>
    internal int Count => _table.Count;

    /// <summary>The calls. For tests.</summary>
    internal CallTable<TCall, TResult> Table => _table;

    /// <summary>Whether a stream to at least one replica is open and takes calls.</summary>
    public bool IsConnected => _table.Streams.IsConnected;

    /// <summary>Begins to connect to the replicas, and returns at once. The first call does so too; calling it again does nothing.</summary>
    public void Start()
    {
        if (Volatile.Read(ref _running) is not null)
            return;
        lock (_starting)
        {
            if (_running is not null)
                return;
            // The streams outlive the request that happens to start them: they must not carry its context (trace, culture) along.
            using (ContextFlow.Suppress())
                Volatile.Write(ref _running, _replicas.RunAsync(_stop.Token));
        }
    }

    /// <summary>
    /// Makes a call, in the trace of the current span if that is recorded. The message belongs to the client from now on; the answer may be shared with other
    /// callers: do not change it.
    /// </summary>
    /// <returns>The answer, which is a result and not an error. Await it once.</returns>
    /// <exception cref="RpcException">
    /// The status that the callee answered, with its details; or DEADLINE_EXCEEDED; RESOURCE_EXHAUSTED when too many calls wait for
    /// credit or are in flight; INVALID_ARGUMENT when the call is larger than 960 KiB; UNAUTHENTICATED when what it has for a token cannot be one; UNAVAILABLE when no replica can be reached, or the stream broke and the call may not, or cannot, be made again.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<TResult> CallAsync(TCall call, CallSettings settings = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<TResult>(cancellationToken);
        var timeout = settings.Timeout ?? _options.DefaultTimeout;
        if (timeout <= TimeSpan.Zero)
            return ValueTask.FromException<TResult>(CallErrors.DeadlineExceeded());
        return RpcSpans.IsCallerRecorded
            ? SubmitTracedAsync(call, timeout, settings, cancellationToken)
            : Submit(call, timeout, settings, cancellationToken);
    }

    /// <summary>
    /// Runs something that makes several calls without awaiting any: they travel together, in one frame to each replica, however long that
    /// takes. Meanwhile no other calls are sent either.
    /// </summary>
    public void Together(Action calls)
    {
        ArgumentNullException.ThrowIfNull(calls);
        _table.Streams.Gather();
        try
        {
            calls();
        }
        finally
        {
            _table.Streams.SendGathered();
        }
    }

    private ValueTask<TResult> Submit(TCall call, TimeSpan timeout, in CallSettings settings, CancellationToken cancellationToken)
    {
        var bytes = call.CalculateSize();
        if (bytes > MessageSizes.MaxCalls)
            return ValueTask.FromException<TResult>(CallErrors.TooLarge());
        if (settings.Token is { } token && (token.Length is 0 or > CallPrincipals.MaxTokenLength || !Ascii.IsValid(token)))
            return ValueTask.FromException<TResult>(CallErrors.NoToken());
        Start();
        var shared = _method.Idempotent && _options.SingleFlight && !settings.Unshared;
        return _table.Submit(call, bytes, timeout, settings, shared, cancellationToken);
    }

    private async ValueTask<TResult> SubmitTracedAsync(TCall call, TimeSpan timeout, CallSettings settings, CancellationToken cancellationToken)
    {
        using var span = _spans.StartClient();
        try
        {
            if (TraceContext.Of(span) is { } context)
                call.TraceContext = UnsafeByteOperations.UnsafeWrap(context);
            var result = await Submit(call, timeout, settings, cancellationToken);
            RpcSpans.SetOutcome(span, StatusCode.OK);
            return result;
        }
        catch (Exception e)
        {
            RpcSpans.SetOutcome(span, e is RpcException failed ? failed.StatusCode : StatusCode.Cancelled);
            throw;
        }
    }

    /// <summary>
    /// Shuts down in good order: calls that were sent are answered within the drain timeout; those that wait, and those that are made from now
    /// on, fail UNAVAILABLE.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _table.Close();
        Task? running;
        lock (_starting)
            running = _running ??= Task.CompletedTask;
        await running;
        _table.Dispose();
    }
}
