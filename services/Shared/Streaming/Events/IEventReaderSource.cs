using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// Where the events of a stream come from: a service joins its log to its stream with one of these. Called concurrently, once for
/// every subscription.
/// </summary>
/// <typeparam name="TRequest">The frame that asks for a subscription; <see cref="IEventRequestFrame"/> when nothing in it matters but the subscription.</typeparam>
public interface IEventReaderSource<in TRequest>
    where TRequest : class, IEventRequestFrame
{
    /// <summary>Begins to follow what was asked for. Does not wait.</summary>
    /// <param name="request">What was asked for: the frame has a subscription.</param>
    /// <param name="stream">The stream that it was asked for on. What it says of its connection is good only until this returns.</param>
    /// <exception cref="RpcException">As of <see cref="IEventReader"/>.</exception>
    IEventReader Read(TRequest request, ServerCallContext stream);

    /// <summary>The subscriber has dealt with everything up to this cursor. No other request of the stream is handled until this has completed. Default: does nothing.</summary>
    ValueTask AcknowledgeAsync(Subscription subscription, string cursor, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}

/// <summary>
/// The items of one subscription, first an <see cref="EventsSubscribed"/>. It is pulled: the next item is asked for when the one before
/// has been handed to the transport, so one that reads page by page holds a page at the most, however slow the reader. One asks at a
/// time, and disposes of it in the end; only <see cref="Cancel"/> and <see cref="Describe"/> may be called meanwhile, and the latter also afterwards.
/// </summary>
/// <exception cref="RpcException">Of any method: the subscription fails with this status (INVALID_ARGUMENT: a bad cursor or
/// filter); with any other exception it fails INTERNAL. The stream goes on.</exception>
public interface IEventReader : IAsyncDisposable
{
    /// <summary>
    /// Whether what comes next is there already and only has to be read, as a page of a snapshot. Of all subscriptions of a stream only a few
    /// read such pages at a time, each until its page has been handed to the transport: so what a stream holds is a few pages, however many
    /// subscriptions it has and however slow its client. While it stays true, what <see cref="TryRead"/> gives without a wait is of the same page.
    /// Default: false.
    /// </summary>
    bool ReadsPage => false;

    /// <summary>The next item; null when there is none now.</summary>
    EventSourceItem? TryRead();

    /// <summary>Returns true when there may be an item; false when there will be none: unless it was cancelled, the subscription then fails UNAVAILABLE.</summary>
    ValueTask<bool> WaitToReadAsync();

    /// <summary>Says how far it is behind, and in which topics, where it knows. Thread-safe; returns at once and does not throw. Default: says nothing.</summary>
    void Describe(StreamSubscription subscription)
    {
    }

    /// <summary>Ends a wait, now and from now on: it gives false, or throws <see cref="OperationCanceledException"/>. Thread-safe; returns at once and does not throw.</summary>
    void Cancel();
}
