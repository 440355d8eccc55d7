using System.Diagnostics;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The workers of one stream: each takes whatever has arrived as one batch, has it handled, and looks again. They are started when they are
/// needed, up to a bound; the session that owns them awaits them.
/// </summary>
internal sealed class BatchWorkers<TCall, TResult>(
    CallStreamState<TCall, TResult> stream,
    CallStreamMethod<TCall, TResult> method,
    ServerCallContext context,
    IServiceScopeFactory scopes,
    IErrorMapper errors,
    int bound,
    ILogger logger)
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private static readonly Google.Rpc.Status Unanswered = new() { Code = (int)StatusCode.Internal, Message = "The call was not answered." };
    private readonly Lock _gate = new();
    private readonly Stack<SingleWaiterAutoResetEvent> _idle = new();
    private readonly List<Task> _workers = [];
    private bool _stopping;

    /// <summary>Gets a worker for what has arrived, if one is free.</summary>
    internal void Dispatch()
    {
        lock (_gate)
        {
            if (_stopping || !stream.HasArrived)
                return;
            if (_idle.TryPop(out var idle))
                idle.Set();
            else if (_workers.Count < bound)
                _workers.Add(Task.Run(WorkAsync));
        }
    }

    /// <summary>Returns when the last handler has.</summary>
    internal Task StopAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            while (_idle.TryPop(out var idle))
                idle.Set();
            return Task.WhenAll(_workers);
        }
    }

    private async Task WorkAsync()
    {
        var wakeUp = new SingleWaiterAutoResetEvent();
        var batch = new CallBatch<TCall, TResult>(stream.Calls, context, errors);
        var running = new CancellationTokenSource();
        while (true)
        {
            if (stream.TakeBatch(batch, running))
            {
                Dispatch();
                await HandleAsync(batch, running.Token);
                if (!running.TryReset())
                {
                    running.Dispose();
                    running = new CancellationTokenSource();
                }

                continue;
            }

            lock (_gate)
            {
                if (_stopping)
                    break;
                _idle.Push(wakeUp);
            }

            // Calls may have arrived after this worker had looked and before it was idle.
            Dispatch();
            await wakeUp.WaitAsync();
        }

        running.Dispose();
    }

    private async Task HandleAsync(CallBatch<TCall, TResult> batch, CancellationToken cancellationToken)
    {
        var status = Unanswered;
        // For all of them there is one; the spans of the others have links to it.
        if (batch.Spans is { } spans)
            Activity.Current = spans[0];
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<ICallBatchHandler<TCall, TResult>>().HandleAsync(batch, cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Every call of the batch has its answer already.
        }
        catch (Exception e)
        {
            status = errors.ToStatus(e, context.Method);
        }

        if (stream.EndBatch(batch, status) is > 0 and var left && ReferenceEquals(status, Unanswered))
            CallStreamLog.CallsLeftUnanswered(logger, method.Name, left);
        try
        {
            await batch.Cancelling;
        }
        catch (Exception e)
        {
            CallStreamLog.CancelFailed(logger, method.Name, e);
        }

        batch.Cancelling = Task.CompletedTask;
        batch.Spans?.ForEach(span => span.Stop());
        batch.Spans = null;
    }
}
