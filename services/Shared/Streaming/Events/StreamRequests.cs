using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// The one loop that reads the requests of an event stream. While too much waits to be written it does not read: answers to bad requests
/// are queued, too, so a client that does not read them is not read either.
/// </summary>
internal sealed class StreamRequests<TRequest>(
    IAsyncStreamReader<TRequest> requests, ServerCallContext context, SubscriptionTable<TRequest> subscriptions, OutboundQueue queue, StreamEnd end, TimeProvider time)
    where TRequest : class, IEventRequestFrame
{
    private SingleWaiterAutoResetEvent? _room;
    private CancellationTokenRegistration _aborted;
    private long _lastRead = time.GetTimestamp();
    private volatile bool _heldBack;

    /// <summary>
    /// Whether the client has sent nothing for that long, as of a timestamp. One whose frames are not read, since it does not read what waits
    /// for it, is not silent: it stalls.
    /// </summary>
    internal bool IsSilent(TimeSpan after, long now) =>
        !end.Has(StreamEvents.HalfClosed) && !_heldBack && time.GetElapsedTime(Volatile.Read(ref _lastRead), now) > after;

    /// <summary>Runs until the client sends no more, or <see cref="Stop"/>; returns why it failed, if it did. Never throws.</summary>
    internal async Task<Exception?> RunAsync()
    {
        try
        {
            while (await requests.MoveNext(CancellationToken.None))
            {
                Volatile.Write(ref _lastRead, time.GetTimestamp());
                await HandleAsync(requests.Current);
                while (queue.IsFull && queue.MustWait(_room ??= new()))
                {
                    _heldBack = true;
                    await _room.WaitAsync();
                    Volatile.Write(ref _lastRead, time.GetTimestamp());
                    _heldBack = false;
                }
            }

            // What it has subscribed to goes on. Until here a read would have told of a client that is gone; from now on only this does.
            _aborted = context.CancellationToken.UnsafeRegister(static table => ((SubscriptionTable<TRequest>)table!).CancelAll(), subscriptions);
            end.Raise(StreamEvents.HalfClosed);
            subscriptions.FinishWhenEmpty();
            return null;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Internal && end.Has(StreamEvents.Over))
        {
            // What gRPC makes of a read that was called off.
            return null;
        }
        catch (Exception e)
        {
            end.Raise(StreamEvents.Broken);
            return e;
        }
    }

    /// <summary>Ends the read that waits. Not by a token, which every stream would keep registered all the time.</summary>
    internal void Stop()
    {
        end.Raise(StreamEvents.Over);
        try
        {
            context.GetHttpContext().Request.BodyReader.CancelPendingRead();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException)
        {
            // The request was aborted, which ends the read as well.
        }
    }

    /// <summary>Watches the call no more. Once, at the end.</summary>
    internal ValueTask ReleaseAsync() => _aborted.DisposeAsync();

    private async ValueTask HandleAsync(TRequest frame)
    {
        if (frame.Subscribe is not null)
            subscriptions.Add(frame);
        else if (frame.Unsubscribe is { } unsubscribe)
            subscriptions.Remove(unsubscribe.SubscriptionId);
        else if (frame.Ack is { } ack)
            await subscriptions.AcknowledgeAsync(ack.SubscriptionId, ack.Cursor);
        else if (frame.Authenticate is { } authenticate)
            await subscriptions.RenewAsync(authenticate.Token, context.CancellationToken);
        else if (frame.Heartbeat is null)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "A frame must have one of subscribe, unsubscribe, ack, heartbeat and authenticate."));
    }
}
