using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// Where the events of a stream come from, as a sequence: the plainest way to join a service's log to its stream. Called concurrently,
/// once for every subscription. A service with so many subscriptions that the memory of a waiting sequence matters implements
/// <see cref="IEventReaderSource{TRequest}"/> instead.
/// </summary>
/// <typeparam name="TRequest">The frame that asks for a subscription; <see cref="IEventRequestFrame"/> when nothing in it matters but the subscription.</typeparam>
public interface IEventSource<in TRequest> : IEventReaderSource<TRequest>
    where TRequest : class, IEventRequestFrame
{
    /// <summary>
    /// Follows what was asked for, until cancelled; the frame has a subscription. It is pulled: the next item is asked for when the one before has been handed to
    /// the transport, so a source that reads page by page holds a page at the most, however slow the reader.
    /// </summary>
    /// <returns>First an <see cref="EventsSubscribed"/>; when the sequence ends by itself, the subscription fails UNAVAILABLE.</returns>
    /// <exception cref="RpcException">The subscription fails with this status (INVALID_ARGUMENT: a bad cursor or filter);
    /// with any other exception it fails INTERNAL. The stream goes on.</exception>
    IAsyncEnumerable<EventSourceItem> SubscribeAsync(TRequest request, CancellationToken cancellationToken);

    IEventReader IEventReaderSource<TRequest>.Read(TRequest request, ServerCallContext stream) =>
        new SequenceReader(cancellationToken => SubscribeAsync(request, cancellationToken));
}

/// <summary>What a source yields.</summary>
/// <param name="Cursor">The place after this item; empty when a reader cannot resume from here, as within a snapshot.</param>
public abstract record EventSourceItem(string Cursor);

/// <summary>The subscription stands.</summary>
/// <param name="Recovered">Events follow the cursor asked for without a gap; when not, an <see cref="EventsReset"/> comes next.</param>
/// <param name="Cursor">The place that events follow; empty when a snapshot comes first.</param>
public sealed record EventsSubscribed(bool Recovered, string Cursor) : EventSourceItem(Cursor);

/// <summary>Events in order, encoded once for all streams: they are written as they are, and must not change. So is a batch that a
/// source yields to several subscriptions: yield the same instance to all that are at the same place.</summary>
/// <param name="Events">The events, each as its message encodes. Together at most 3 MiB, or the subscription fails.</param>
/// <param name="Cursor">The place after them.</param>
/// <param name="Snapshot">They say what there is, not what has changed.</param>
public sealed record EncodedEvents(IReadOnlyList<ReadOnlyMemory<byte>> Events, string Cursor, bool Snapshot = false) : EventSourceItem(Cursor)
{
    private byte[]? _body;

    private EncodedEvents(EncodedEvents other)
        : base(other) => (Events, Snapshot, Causes) = (other.Events, other.Snapshot, other.Causes);

    /// <summary>What has caused them, where that is sampled: it goes with them, and their delivery links to it. Null when there is nothing of the kind.</summary>
    public EventCauses? Causes { get; init; }

    /// <summary>See <see cref="EventFrame.Encode"/>.</summary>
    internal ReadOnlyMemory<byte> Body => _body ??= EventFrame.Encode(this);
}

/// <summary>Events may be missing.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Cursor">The place that events go on from; empty when a snapshot comes first.</param>
public sealed record EventsReset(EventResetReason Reason, string Cursor) : EventSourceItem(Cursor);
