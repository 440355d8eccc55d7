using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// Subscribes to the event streams of a backend, whichever of its replicas are there. Register it with
/// <see cref="Microsoft.Extensions.DependencyInjection.EventStreamServiceCollectionExtensions"/>. A singleton; thread-safe.
/// </summary>
/// <typeparam name="TEvent">The message of one event.</typeparam>
public abstract class EventStreamClient<TEvent> : IAsyncDisposable
{
    private protected EventStreamClient()
    {
    }

    /// <summary>
    /// Follows what is asked for, for as long as it is enumerated: every event once and in order across lost connections, restarts and
    /// drains (LATEST: the newest of each key), or a <see cref="ReceivedReset{TEvent}"/>. Each enumeration is a stream of its own; while
    /// the consumer does not ask for the next item, nothing is read ahead, and the server waits. Asking for it acknowledges the one before.
    /// </summary>
    /// <param name="subscription">What to subscribe to; it is copied. Its cursor says where to go on, its id is ignored.</param>
    /// <param name="caller">For whom.</param>
    /// <param name="cancellationToken">Ends the enumeration, in good order towards the server.</param>
    /// <exception cref="Grpc.Core.RpcException">The server refuses it for good: INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED,
    /// UNAUTHENTICATED, UNIMPLEMENTED, FAILED_PRECONDITION or OUT_OF_RANGE. After any other status it is tried again.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public abstract IAsyncEnumerable<ReceivedItem<TEvent>> SubscribeAsync(Subscription subscription, SubscribingCaller caller, CancellationToken cancellationToken = default);

    /// <summary>As <see cref="SubscribeAsync(Subscription, SubscribingCaller, CancellationToken)"/>, for this process itself.</summary>
    /// <param name="subscription">What to subscribe to.</param>
    /// <param name="cancellationToken">Ends the enumeration, in good order towards the server.</param>
    public IAsyncEnumerable<ReceivedItem<TEvent>> SubscribeAsync(Subscription subscription, CancellationToken cancellationToken = default) =>
        SubscribeAsync(subscription, SubscribingCaller.Itself, cancellationToken);

    /// <summary>Closes the connections.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>
/// For whom a process subscribes. Streams are opened a few at a time (<see cref="EventStreamClientOptions.MaxOpening"/>): callers take turns, and so do the connections of
/// each, so that one with many subscriptions delays its own and no other's.
/// </summary>
/// <param name="Caller">Who it is: compared by equality.</param>
/// <param name="Connection">One of the caller's connections.</param>
public sealed record SubscribingCaller(object Caller, object Connection)
{
    /// <summary>The process itself.</summary>
    public static SubscribingCaller Itself { get; } = new("", "");
}

/// <summary>What a subscription brings.</summary>
/// <param name="Cursor">The place after this item, to go on from; empty within a snapshot, until its last batch.</param>
public abstract record ReceivedItem<TEvent>(string Cursor);

/// <summary>The subscription stands: at first, and again after every new connection.</summary>
/// <param name="Cursor">The place that events follow; empty when a snapshot comes first.</param>
public sealed record ReceivedSubscribed<TEvent>(string Cursor) : ReceivedItem<TEvent>(Cursor);

/// <summary>Events, in order.</summary>
/// <param name="Events">The events; at least one, but the last batch of a snapshot may be empty.</param>
/// <param name="Cursor">The place after them.</param>
/// <param name="Snapshot">They say what there is, not what has changed.</param>
public sealed record ReceivedEvents<TEvent>(IReadOnlyList<TEvent> Events, string Cursor, bool Snapshot) : ReceivedItem<TEvent>(Cursor)
{
    /// <summary>What has caused them, where that is sampled: what is made of them is to link to it (<see cref="CausedSpans"/>). Null when there is nothing of the kind.</summary>
    public EventCauses? Causes { get; init; }
}

/// <summary>Events may be missing, or some were seen that are no longer part of the topic: start over; a snapshot follows if one was asked for.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Cursor">The place that events go on from; empty when a snapshot comes first.</param>
public sealed record ReceivedReset<TEvent>(EventResetReason Reason, string Cursor) : ReceivedItem<TEvent>(Cursor);
