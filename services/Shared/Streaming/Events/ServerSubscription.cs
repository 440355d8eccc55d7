using Google.Rpc;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>One subscription of a stream: takes an item from its source, queues it, and takes the next only when that is written.</summary>
internal sealed class ServerSubscription<TSubscription>(
    TSubscription subscription, IEventSource<TSubscription> source, OutboundQueue queue, EventServerMetrics metrics, string method, ILogger logger) : IDisposable
    where TSubscription : class, IEventSubscription
{
    private readonly CancellationTokenSource _over = new();
    private readonly ServerTurn _turn = new();

    internal uint Id { get; } = subscription.SubscriptionId;

    /// <summary>After it has run. Who cancels it may still be at it: then it is left to the garbage collector.</summary>
    public void Dispose()
    {
        if (queue.Close(_turn))
            _over.Dispose();
    }

    /// <summary>Ends it; nothing of it is queued from now on.</summary>
    internal void Cancel()
    {
        if (!queue.Close(_turn))
            return;
        // It goes on in the thread pool: a source's callbacks are none of the caller's.
        _ = _over.CancelAsync();
        _turn.Wake.Set();
    }

    /// <summary>Runs until cancelled, or until it has failed and said so. Never throws.</summary>
    internal async Task RunAsync()
    {
        try
        {
            await foreach (var item in source.SubscribeAsync(subscription, _over.Token).WithCancellation(_over.Token))
            {
                // A source may yield once more before it sees that it is over.
                if (!queue.Add(FrameOf(item), _turn))
                    return;
                await _turn.Wake.WaitAsync();
                while (!_over.IsCancellationRequested && queue.MustWait(_turn.Wake))
                    await _turn.Wake.WaitAsync();
            }

            Fail(new() { Code = (int)Code.Unavailable, Message = "The source of the events has ended." });
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // Over: nobody is to be told.
        }
        catch (Exception e)
        {
            if (e is not RpcException)
                EventStreamLog.SourceFailed(logger, method, e);
            Fail(ServerErrors.From(e));
        }
    }

    internal async Task AcknowledgeAsync(string cursor)
    {
        try
        {
            await source.AcknowledgeAsync(subscription, cursor, CancellationToken.None);
        }
        catch (Exception e)
        {
            if (e is not RpcException)
                EventStreamLog.SourceFailed(logger, method, e);
            Fail(ServerErrors.From(e));
            Cancel();
        }
    }

    private void Fail(Google.Rpc.Status status) =>
        queue.Add(EventFrame.Failed(new EventFailed { SubscriptionId = Id, Status = status }), _turn);

    private EventFrame FrameOf(EventSourceItem item)
    {
        switch (item)
        {
            case EncodedEvents events when !EventFrame.Fits(events):
                throw new RpcException(new Grpc.Core.Status(StatusCode.ResourceExhausted, "A batch of events is too large."));
            case EncodedEvents events:
                return EventFrame.Batch(Id, events);
            case EventsReset reset:
                metrics.Reset();
                return EventFrame.Reset(new EventReset { SubscriptionId = Id, Reason = reset.Reason, Cursor = reset.Cursor });
            case EventsSubscribed subscribed:
                return EventFrame.Subscribed(new EventSubscribed { SubscriptionId = Id, Recovered = subscribed.Recovered, Cursor = subscribed.Cursor });
            default:
                throw new InvalidOperationException($"A source yields no {item.GetType().Name}.");
        }
    }
}
