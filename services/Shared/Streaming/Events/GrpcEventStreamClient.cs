using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>The client over gRPC: opens a stream, reads it to its end, opens the next from the place reached.</summary>
internal sealed class GrpcEventStreamClient<TRequest, TResponse, TEvent>(
    EventStreamMethod<TRequest, TResponse, TEvent> method,
    EventStreamClientOptions options,
    IReplicaSource source,
    IMeterFactory meters,
    TimeProvider time,
    AwayReplicas away,
    ILoggerFactory logging) : EventStreamClient<TEvent>
    where TRequest : class, IEventRequestFrame, new()
    where TResponse : class, IEventResponseFrame<TEvent>, IMessage<TResponse>, new()
{
    private const uint Id = 1;
    private readonly EventClientMetrics _metrics = new(meters, method.Name);
    private readonly ReplicaChoice _replicas = new(source, options, time, away, logging);
    // Nobody is refused for their number: that is bounded where callers subscribe.
    private readonly FairGate _opening = new(options.MaxOpening, int.MaxValue, time);
    private readonly ILogger _logger = logging.CreateLogger<EventStreamClient<TEvent>>();

    public override async IAsyncEnumerable<ReceivedItem<TEvent>> SubscribeAsync(
        Subscription subscription, SubscribingCaller caller, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var place = subscription.Clone();
        place.SubscriptionId = Id;
        var backoff = new Backoff(options.ReconnectBackoff, options.MaxReconnectBackoff);
        Uri? last = null;
        var (opened, withinSnapshot) = (false, false);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (connection, address) = await OpenAsync(place, last, caller, cancellationToken);
            last = address ?? last;
            Exception? broken = null;
            var left = false;
            if (connection is not null)
            {
                _metrics.Streams(1);
                if (opened)
                    _metrics.Reconnected();
                opened = true;
                try
                {
                    while (true)
                    {
                        (var frame, broken) = await NextAsync(connection, cancellationToken);
                        if (frame is null || frame.Failed is not null)
                        {
                            connection.Left = frame is not null;
                            broken ??= frame is null ? null : frame.Failed!.Status.ToRpcException();
                            break;
                        }

                        if (frame.Draining is { } draining)
                        {
                            left = connection.Left = true;
                            _metrics.Drained();
                            _replicas.Leave(address!, draining.ReconnectAfter?.ToTimeSpan() ?? TimeSpan.Zero);
                            break;
                        }

                        if (frame.Subscribed is { } subscribed)
                        {
                            backoff.Reset();
                            away.Reached(address!);
                            Move(place, subscribed.Cursor);
                            yield return new ReceivedSubscribed<TEvent>(subscribed.Cursor);
                            // What was seen of the snapshot that was cut off is seen again.
                            var restarted = withinSnapshot && subscribed.Recovered;
                            withinSnapshot = false;
                            if (!restarted)
                                continue;
                            _metrics.Reset();
                            yield return new ReceivedReset<TEvent>(EventResetReason.Restarted, subscribed.Cursor);
                        }
                        else if (ItemOf(frame) is { } item)
                        {
                            Move(place, item.Cursor);
                            withinSnapshot = item.Cursor.Length == 0;
                            yield return item;
                            // Asked for the next: this one is dealt with.
                            connection.Acknowledge(item.Cursor);
                        }
                    }
                }
                finally
                {
                    await connection.DisposeAsync();
                    _replicas.Release(address!);
                    _metrics.Streams(-1);
                }
            }

            if (broken is RpcException { StatusCode: var code } && IsFinal(code))
                throw broken;
            if (left || cancellationToken.IsCancellationRequested)
                continue;
            var delay = backoff.Next();
            EventStreamLog.Broken(_logger, method.Name, address, delay, broken);
            if (connection is { Left: false })
                away.Broke(address!, broken);
            else if (connection is not null)
                away.Missed(address!, broken);
            await Task.Delay(delay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _replicas.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Move(Subscription place, string cursor)
    {
        if (cursor.Length > 0)
            place.Cursor = cursor;
    }

    // Whoever gives tokens gives another one.
    private bool IsFinal(StatusCode code) => code is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.PermissionDenied
        or StatusCode.Unimplemented or StatusCode.FailedPrecondition or StatusCode.OutOfRange
        || (code == StatusCode.Unauthenticated && options.Token is null);

    private static async Task<(TResponse? Frame, Exception? Broken)> NextAsync(
        EventConnection<TRequest, TResponse> connection, CancellationToken cancellationToken)
    {
        try
        {
            return (await connection.NextAsync(cancellationToken), null);
        }
        catch (RpcException e)
        {
            return (null, e);
        }
    }

    private ReceivedItem<TEvent>? ItemOf(TResponse frame)
    {
        if (frame.Events is { } batch)
        {
            _metrics.Events(batch.Events.Count);
            return new ReceivedEvents<TEvent>(batch.Events, batch.Cursor, batch.Snapshot) { Causes = batch.Causes };
        }

        if (frame.Reset is not { } reset)
            return null;
        _metrics.Reset();
        return new ReceivedReset<TEvent>(reset.Reason, reset.Cursor);
    }

    private async Task<(EventConnection<TRequest, TResponse>? Connection, Uri? Address)> OpenAsync(
        Subscription place, Uri? avoid, SubscribingCaller caller, CancellationToken cancellationToken)
    {
        await _opening.EnterAsync(caller.Caller, caller.Connection, 1, Timeout.InfiniteTimeSpan, cancellationToken);
        try
        {
            return await ConnectAsync(place, avoid, cancellationToken);
        }
        finally
        {
            _opening.Exit(1);
        }
    }

    /// <summary>No connection when the replica cannot be reached, or there is none.</summary>
    /// <exception cref="RpcException">It was reached, and refuses for good.</exception>
    private async Task<(EventConnection<TRequest, TResponse>? Connection, Uri? Address)> ConnectAsync(
        Subscription place, Uri? avoid, CancellationToken cancellationToken)
    {
        var address = await _replicas.ChooseAsync(avoid, cancellationToken);
        if (address is null)
            return (null, null);
        string? token;
        try
        {
            token = options.Token is { } give ? await give(cancellationToken) : null;
        }
        catch (RpcException e) when (!IsFinal(e.StatusCode))
        {
            // Whoever gives them is away, and tells of that itself.
            return (null, null);
        }

        var call = _replicas.Acquire(address).CreateCallInvoker().AsyncDuplexStreamingCall(method.Method, null, OpeningCall.With(token));
        var connection = new EventConnection<TRequest, TResponse>(call, Id, token, options, time);
        try
        {
            await connection.OpenAsync(place.Clone(), cancellationToken);
            return (connection, address);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            _replicas.Release(address);
            if (e is RpcException refused && IsFinal(refused.StatusCode))
                throw;
            if (!cancellationToken.IsCancellationRequested)
                away.Missed(address, e);
            return (null, address);
        }
    }
}
