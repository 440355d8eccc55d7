using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>The subscriptions of one stream. What is wrong with a request is answered by <c>failed</c>, and disturbs no other. Thread-safe.</summary>
internal sealed class SubscriptionTable<TSubscription>(
    IEventSource<TSubscription> source, OutboundQueue queue, int most, EventServerMetrics metrics, string method, ILogger logger)
    where TSubscription : class, IEventSubscription
{
    private const int LongestCursor = 16_384;
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, ServerSubscription<TSubscription>> _subscriptions = [];
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private bool _halfClosed;
    private bool _cancelled;

    /// <summary>Completes when none is left and none can come.</summary>
    internal Task Finished => _finished.Task;

    internal void Add(TSubscription subscription)
    {
        var id = subscription.SubscriptionId;
        if (subscription.Cursor.Length > LongestCursor)
            Fail(id, StatusCode.InvalidArgument, "The cursor is too long.");
        else if (!System.Enum.IsDefined(subscription.Delivery))
            Fail(id, StatusCode.InvalidArgument, "There is no such delivery.");
        else
            Start(new(subscription, source, queue, metrics, method, logger));
    }

    internal void Remove(uint id)
    {
        ServerSubscription<TSubscription>? removed;
        lock (_lock)
            _subscriptions.Remove(id, out removed);
        if (removed is null)
            Fail(id, StatusCode.NotFound, "There is no such subscription.");
        else
            removed.Cancel();
    }

    internal async ValueTask AcknowledgeAsync(uint id, string cursor)
    {
        ServerSubscription<TSubscription>? subscription;
        lock (_lock)
            _subscriptions.TryGetValue(id, out subscription);
        if (subscription is not null)
            await subscription.AcknowledgeAsync(cursor);
    }

    /// <summary>The client has half-closed: what it has subscribed to goes on.</summary>
    internal void FinishWhenEmpty()
    {
        lock (_lock)
        {
            _halfClosed = true;
            if (_running == 0)
                _finished.TrySetResult();
        }
    }

    /// <summary>Ends all; none begins from now on.</summary>
    internal void CancelAll()
    {
        ServerSubscription<TSubscription>[] all;
        lock (_lock)
        {
            _cancelled = true;
            all = [.. _subscriptions.Values];
            _subscriptions.Clear();
            if (_running == 0)
                _stopped.TrySetResult();
        }

        foreach (var subscription in all)
            subscription.Cancel();
    }

    /// <summary>Completes when all have ended, after <see cref="CancelAll"/>.</summary>
    internal Task StoppedAsync() => _stopped.Task;

    private void Start(ServerSubscription<TSubscription> subscription)
    {
        lock (_lock)
        {
            if (_cancelled)
                return;
            if (_subscriptions.Count >= most)
                Fail(subscription.Id, StatusCode.ResourceExhausted, "There are too many subscriptions on this stream.");
            else if (!_subscriptions.TryAdd(subscription.Id, subscription))
                Fail(subscription.Id, StatusCode.AlreadyExists, "There is a subscription with this id.");
            else
                _ = RunAsync(subscription);
        }
    }

    /// <summary>Owned by the table, which ends only when it has ended.</summary>
    private async Task RunAsync(ServerSubscription<TSubscription> subscription)
    {
        _running++;
        metrics.Subscriptions(1);
        // Off the reader's loop and out of the lock.
        await Task.Yield();
        await subscription.RunAsync();
        subscription.Dispose();
        metrics.Subscriptions(-1);
        lock (_lock)
        {
            if (_subscriptions.TryGetValue(subscription.Id, out var present) && ReferenceEquals(present, subscription))
                _subscriptions.Remove(subscription.Id);
            if (--_running > 0)
                return;
            if (_halfClosed)
                _finished.TrySetResult();
            if (_cancelled)
                _stopped.TrySetResult();
        }
    }

    private void Fail(uint id, StatusCode code, string message) =>
        queue.Add(EventFrame.Failed(new EventFailed { SubscriptionId = id, Status = new() { Code = (int)code, Message = message } }));
}
