using Google.Rpc;
using Microservices.Operations.V1;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>One subscription of a stream: takes an item from its source, queues it, and takes the next only when that is written.</summary>
internal sealed class ServerSubscription<TRequest>(TRequest request, SubscriptionTable<TRequest> table) : WriteSlot
    where TRequest : class, IEventRequestFrame
{
    private readonly Subscription _subscription = request.Subscribe!;

    // Not kept: nearly all of what a stream weighs is its subscriptions.
    private TRequest? _request = request;
    private IEventReader? _reader;

    internal uint Id => _subscription.SubscriptionId;

    private EventStreamParts<TRequest> Parts => table.Parts;

    /// <summary>How it stands.</summary>
    internal StreamSubscription Describe()
    {
        var subscription = new StreamSubscription { SubscriptionId = Id, Key = _subscription.Key, Delivery = _subscription.Delivery == EventDelivery.Latest ? "LATEST" : "LOSSLESS" };
        if (_subscription.HasPartition)
            subscription.Partition = _subscription.Partition;
        _reader?.Describe(subscription);
        return subscription;
    }

    /// <summary>Ends it; nothing of it is queued from now on.</summary>
    internal void Cancel()
    {
        if (!table.Queue.Close(this))
            return;
        Interlocked.MemoryBarrier();
        _reader?.Cancel();
        Set();
    }

    /// <summary>Runs until it is cancelled, or has failed and told the client so; then it tells the table. Never throws.</summary>
    internal async Task RunAsync()
    {
        // Off the loop that reads requests, and out of the table's lock.
        await Task.Yield();
        try
        {
            _reader = Parts.Source.Read(_request!, table.Stream);
            _request = null;
            // A cancellation has seen the reader, or is seen here.
            Interlocked.MemoryBarrier();
            if (IsClosed)
                _reader.Cancel();
            try
            {
                while (true)
                {
                    if (_reader.TryRead() is { } item)
                    {
                        if (item is EncodedEvents events && !EventFrame.Fits(events))
                        {
                            Fail(Code.ResourceExhausted, "A batch of events is too large.");
                            return;
                        }

                        // A source may yield once more before it sees that it is over.
                        if (!table.Queue.Add(FrameOf(item), this))
                            return;
                        await WaitAsync();
                        if (!_reader.ReadsPage)
                            table.Queue.EndPage(this);
                        while (!IsClosed && table.Queue.MustWait(this))
                            await WaitAsync();
                    }
                    else
                    {
                        // Before the next page, the others have their turn.
                        table.Queue.EndPage(this);
                        while (_reader.ReadsPage && !IsClosed && !table.Queue.TryBeginPage(this))
                            await WaitAsync();
                        if (!await _reader.WaitToReadAsync())
                            break;
                    }
                }
            }
            finally
            {
                await _reader.DisposeAsync();
            }

            Fail(Code.Unavailable, "The source of the events has ended; subscribe again.");
        }
        catch (OperationCanceledException) when (IsClosed)
        {
            // It was cancelled: nobody has to be told.
        }
        catch (Exception e)
        {
            Fail(e);
        }
        finally
        {
            table.Queue.Close(this);
            table.Queue.EndPage(this);
            table.Ended(this);
        }
    }

    /// <summary>Ends it, and says so, where its caller may not see this any more.</summary>
    internal void Check(IStreamRights rights)
    {
        if (rights.Refusal(_subscription) is not { } refusal)
            return;
        Fail(refusal);
        Cancel();
    }

    internal async Task AcknowledgeAsync(string cursor)
    {
        try
        {
            await Parts.Source.AcknowledgeAsync(_subscription, cursor, CancellationToken.None);
        }
        catch (Exception e)
        {
            Fail(e);
            Cancel();
        }
    }

    private void Fail(Exception e) => Fail(Parts.Errors.ToStatus(e, $"/{Parts.Method}"));

    private void Fail(Code code, string message) => Fail(new Google.Rpc.Status { Code = (int)code, Message = message });

    private void Fail(Google.Rpc.Status status) =>
        table.Queue.Add(EventFrame.Failed(new EventFailed { SubscriptionId = Id, Status = status }), this);

    private EventFrame FrameOf(EventSourceItem item)
    {
        switch (item)
        {
            case EncodedEvents events:
                return EventFrame.Batch(Id, events);
            case EventsReset reset:
                Parts.Metrics.Reset();
                return EventFrame.Reset(new EventReset { SubscriptionId = Id, Reason = reset.Reason, Cursor = reset.Cursor });
            case EventsSubscribed subscribed:
                return EventFrame.Subscribed(new EventSubscribed { SubscriptionId = Id, Recovered = subscribed.Recovered, Cursor = subscribed.Cursor });
            default:
                throw new InvalidOperationException($"A source yields no {item.GetType().Name}.");
        }
    }
}
