using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// One call stream at the callee, from its first frame to its end: a loop that reads and a loop that writes, neither of which waits for the
/// other. A stream ends in good order when the caller half-closes, of its own accord or because it was told that this end is leaving: what
/// it has asked is answered, and the status is OK. A caller that was told so and does not half-close in time gets UNAVAILABLE: it may have
/// sent what nobody reads any more.
/// </summary>
internal sealed class CallStreamSession<TRequestFrame, TCall, TResponseFrame, TResult>(
    IAsyncStreamReader<TRequestFrame> requests,
    AnswerWriter<TResponseFrame, TCall, TResult> writer,
    CallStreamState<TCall, TResult> stream,
    BatchWorkers<TCall, TResult> workers,
    CallStreamMethod<TCall, TResult> method,
    CallStreamServerOptions options,
    CallServerMetrics metrics,
    ServerCallContext context,
    IStreamRights? rights,
    TimeProvider time,
    ILogger logger)
    : IStreamHandle
    where TRequestFrame : class, ICallFrame<TCall>
    where TCall : class, ICall
    where TResponseFrame : class, ICallResultFrame<TResult>, new()
    where TResult : class, ICallResult, IMessage, new()
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);
    private readonly TaskCompletionSource _timeUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Google.Rpc.Status> _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DateTimeOffset _openedAt = time.GetUtcNow();
    private int _leaving;
    private bool? _endedForGood;
    private bool _isGone;

    /// <summary>Returns when the stream has ended and nothing of it is left.</summary>
    /// <exception cref="RpcException">The stream did not end in good order.</exception>
    internal async Task RunAsync(CancellationToken drain)
    {
        using var reading = new CancellationTokenSource();
        await using var aborted = context.CancellationToken.UnsafeRegister(_ => stream.Calls.AnswerAll(StatusCode.Cancelled, "The stream has ended."), null);
        await using var draining = drain.UnsafeRegister(_ => Leave(Jitter.UpTo(options.ReconnectSpread)), null);
        stream.Schedule(new Due(() => Leave(TimeSpan.Zero)), Age());
        using var watching = rights is null ? null : time.CreateTimer(_ => Watch(rights), null, WatchInterval, WatchInterval);

        var write = writer.RunAsync();
        var read = ReadAsync(reading.Token);
        await Task.WhenAny(read, write, writer.Stalled, _timeUp.Task, _ending.Task);
        writer.Finish();
        var halfClosed = read.IsCompleted && await read is null;
        if (halfClosed)
            await Task.WhenAny(write, writer.Stalled, _timeUp.Task, _ending.Task);
        stream.Calls.AnswerAll(_timeUp.Task.IsCompleted ? StatusCode.Unavailable : StatusCode.Cancelled, "The stream has ended.");
        await Task.WhenAny(write, writer.Stalled);

        var stalled = !write.IsCompleted;
        var late = _timeUp.Task.IsCompleted && !halfClosed;
        if (stalled)
            CutOff();
        else if (late)
            CallStreamLog.DrainTimedOut(logger, method.Name, context.Peer, options.DrainTimeout);
        await reading.CancelAsync();
        await workers.StopAsync();
        var readError = await read;
        var writeError = await write;
        if (_endedForGood is { } forGood)
            throw StoppedStream.Error(forGood);
        if (stalled)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "The caller does not read."));
        if (readError is not null && RequestFraming.ErrorOf(readError, context) is { } invalid)
            throw invalid;
        if (_ending.Task.IsCompleted)
            throw (await _ending.Task).ToRpcException();
        if (writeError is not null || context.CancellationToken.IsCancellationRequested)
            throw new RpcException(new Status(StatusCode.Cancelled, "The caller has hung up."));
        if (late)
            throw new RpcException(new Status(StatusCode.Unavailable, "This replica is shutting down: continue at another one."));
    }

    /// <inheritdoc/>
    public OpenStream? Describe()
    {
        // While it is held the method does not return, after which the server gives the request to another stream.
        lock (_timeUp)
        {
            if (_isGone)
                return null;
            var (open, answered) = stream.Calls.Count;
            return new OpenStream
            {
                StreamId = StreamIds.Of(context.GetHttpContext()),
                Kind = StreamKind.Call,
                Method = method.Name,
                User = rights?.Caller ?? "",
                Peer = context.Peer,
                OpenTime = Timestamp.FromDateTimeOffset(_openedAt),
                TokenExpireTime = rights is null ? null : Timestamp.FromDateTimeOffset(rights.Expires),
                Sent = answered,
                Subscriptions = open,
                Draining = Volatile.Read(ref _leaving) != 0,
            };
        }
    }

    /// <inheritdoc/>
    public bool TryDrain()
    {
        Leave(TimeSpan.Zero);
        return true;
    }

    /// <inheritdoc/>
    public void End(bool forGood)
    {
        lock (_timeUp)
            _endedForGood ??= forGood;
        _timeUp.TrySetResult();
    }

    /// <summary>Its method is about to return: nobody looks at its request any more.</summary>
    internal void EndDescriptions()
    {
        lock (_timeUp)
            _isGone = true;
    }

    // Not beyond the caller's token: the next stream is opened with a newer one.
    private TimeSpan Age()
    {
        var age = Jitter.Shorten(options.MaxAge);
        return rights?.Expires - time.GetUtcNow() is { } left && left < age ? (left > TimeSpan.Zero ? left : TimeSpan.Zero) : age;
    }

    private async Task<Exception?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var next = requests.MoveNext(cancellationToken);
                // While more frames have arrived already, their calls belong to the same batch.
                if (!next.IsCompleted)
                    workers.Dispatch();
                if (!await next)
                    break;
                if (stream.Accept(requests.Current) >= options.MaxBatch)
                    workers.Dispatch();
                while (stream.Calls.IsFull)
                    await stream.Calls.Taken.WaitAsync();
            }

            workers.Dispatch();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    // A caller whose token expires is asked to leave before that, and has its time.
    private void Watch(IStreamRights caller)
    {
        if (Volatile.Read(ref _leaving) == 0 && caller.Ending() is { } ending)
            _ending.TrySetResult(ending);
    }

    /// <summary>Asks the caller to leave, once, and ends the stream if it does not. May be called under the stream's lock.</summary>
    private void Leave(TimeSpan reconnectAfter)
    {
        if (Interlocked.Exchange(ref _leaving, 1) != 0)
            return;
        stream.Calls.Announce(new Draining { ReconnectAfter = Duration.FromTimeSpan(reconnectAfter) });
        stream.Schedule(new Due(() => _timeUp.TrySetResult()), options.DrainTimeout);
    }

    /// <summary>Cuts the caller off, whom the writer waits for: what is buffered for it is released.</summary>
    private void CutOff()
    {
        metrics.CutOff();
        CallStreamLog.CutOff(logger, method.Name, context.Peer, options.WriteTimeout);
        context.GetHttpContext().CutOff();
    }
}
