using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>The subscriptions of one stream. A bad request is answered with <c>failed</c>, and disturbs no other. Thread-safe.</summary>
internal sealed class SubscriptionTable<TRequest>(EventStreamParts<TRequest> parts, ServerCallContext stream, OutboundQueue queue, SingleWaiterAutoResetEvent changed)
    where TRequest : class, IEventRequestFrame
{
    private const int LongestCursor = 16_384;
    private const int MostShown = 10;

    // Clients number upwards, so each is added at the end. It takes a third of the memory of a dictionary. Also the lock.
    private readonly SortedList<uint, ServerSubscription<TRequest>> _subscriptions = [];
    private int _running;
    private bool _halfClosed;
    private bool _cancelled;

    internal EventStreamParts<TRequest> Parts => parts;

    internal ServerCallContext Stream => stream;

    internal OutboundQueue Queue => queue;

    /// <summary>What the caller may subscribe to, and for how long; null for everything, for good.</summary>
    internal IStreamRights? Rights { get; } = parts.Access?.Of(stream);

    /// <summary>Whether no subscription is left and none can come. The signal is set when it changes.</summary>
    internal bool IsFinished
    {
        get
        {
            lock (_subscriptions)
                return _halfClosed && _running == 0;
        }
    }

    /// <summary>Whether all have ended, after <see cref="CancelAll"/>. The signal is set when it changes.</summary>
    internal bool IsStopped
    {
        get
        {
            lock (_subscriptions)
                return _cancelled && _running == 0;
        }
    }

    internal void Add(TRequest request)
    {
        var subscription = request.Subscribe!;
        var id = subscription.SubscriptionId;
        if (subscription.Cursor.Length > LongestCursor)
            Fail(id, StatusCode.InvalidArgument, "The cursor is too long.");
        else if (!System.Enum.IsDefined(subscription.Delivery))
            Fail(id, StatusCode.InvalidArgument, "The delivery is unknown.");
        else if (Rights?.Refusal((IMessage)request) is { } refusal)
            Fail(id, refusal);
        else
            Start(new(request, this));
    }

    internal void Remove(uint id)
    {
        ServerSubscription<TRequest>? removed;
        lock (_subscriptions)
        {
            if (_subscriptions.TryGetValue(id, out removed))
                _subscriptions.Remove(id);
        }

        if (removed is null)
            Fail(id, StatusCode.NotFound, "No subscription with this id is open on this stream.");
        else
            removed.Cancel();
    }

    /// <summary>The caller shows a newer token: what it may no longer see ends, the rest goes on.</summary>
    /// <exception cref="RpcException">The stream must end.</exception>
    internal async ValueTask RenewAsync(string token, CancellationToken cancellationToken)
    {
        // Where nobody's rights are checked, a token says nothing.
        if (Rights is null)
            return;
        if (await Rights.RenewAsync(token, cancellationToken) is { } ending)
            throw ending.ToRpcException();
        ServerSubscription<TRequest>[] all;
        lock (_subscriptions)
            all = [.. _subscriptions.Values];
        foreach (var subscription in all)
            subscription.Check(Rights);
        queue.Add(EventFrame.Authenticated(new EventAuthenticated { ExpireTime = Timestamp.FromDateTimeOffset(Rights.Expires) }));
    }

    internal async ValueTask AcknowledgeAsync(uint id, string cursor)
    {
        ServerSubscription<TRequest>? subscription;
        lock (_subscriptions)
            _subscriptions.TryGetValue(id, out subscription);
        if (subscription is not null)
            await subscription.AcknowledgeAsync(cursor);
    }

    /// <summary>Adds how many there are, how far they are behind, and those that are the most.</summary>
    internal void Describe(OpenStream stream)
    {
        ServerSubscription<TRequest>[] all;
        lock (_subscriptions)
            all = [.. _subscriptions.Values];
        stream.Subscriptions = all.Length;
        var described = Array.ConvertAll(all, static subscription => subscription.Describe());
        foreach (var subscription in described)
            stream.Lag += subscription.Lag;
        Array.Sort(described, static (one, other) => other.Lag.CompareTo(one.Lag) is var byLag and not 0 ? byLag : one.SubscriptionId.CompareTo(other.SubscriptionId));
        stream.MostBehind.AddRange(described.AsSpan(0, Math.Min(described.Length, MostShown)));
    }

    /// <summary>The client has half-closed: what it has subscribed to goes on.</summary>
    internal void FinishWhenEmpty()
    {
        lock (_subscriptions)
            _halfClosed = true;
        changed.Set();
    }

    /// <summary>Ends all subscriptions; none begins from now on.</summary>
    internal void CancelAll()
    {
        ServerSubscription<TRequest>[] all;
        lock (_subscriptions)
        {
            _cancelled = true;
            all = [.. _subscriptions.Values];
            _subscriptions.Clear();
        }

        foreach (var subscription in all)
            subscription.Cancel();
    }

    /// <summary>A subscription has ended, by itself or because it was cancelled.</summary>
    internal void Ended(ServerSubscription<TRequest> subscription)
    {
        parts.Metrics.Subscriptions(-1);
        Rights?.Unsubscribed();
        lock (_subscriptions)
        {
            if (_subscriptions.TryGetValue(subscription.Id, out var present) && ReferenceEquals(present, subscription))
                _subscriptions.Remove(subscription.Id);
            _running--;
        }

        changed.Set();
    }

    private void Start(ServerSubscription<TRequest> subscription)
    {
        lock (_subscriptions)
        {
            if (_cancelled)
                return;
            if (_subscriptions.Count >= parts.Options.MaxSubscriptions)
                Fail(subscription.Id, StatusCode.ResourceExhausted, "This stream has too many subscriptions.");
            else if (_subscriptions.ContainsKey(subscription.Id))
                Fail(subscription.Id, StatusCode.AlreadyExists, "A subscription with this id is open on this stream.");
            else if (Rights?.Subscribing() is { } refusal)
                Fail(subscription.Id, refusal);
            else
                Run(subscription);
        }
    }

    /// <summary>The table owns it, and is stopped only when it has ended.</summary>
    private void Run(ServerSubscription<TRequest> subscription)
    {
        _subscriptions.Add(subscription.Id, subscription);
        _running++;
        parts.Metrics.Subscriptions(1);
        _ = subscription.RunAsync();
    }

    private void Fail(uint id, StatusCode code, string message) => Fail(id, new Google.Rpc.Status { Code = (int)code, Message = message });

    private void Fail(uint id, Google.Rpc.Status status) => queue.Add(EventFrame.Failed(new EventFailed { SubscriptionId = id, Status = status }));
}
