using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// One stream of a client. Tokens never reach gRPC's reads and writes, where they would cut the stream: a wait that is given up
/// leaves its read behind, and the next wait or the end of the stream takes it up again.
/// </summary>
internal sealed class EventConnection<TRequest, TResponse>(
    AsyncDuplexStreamingCall<TRequest, TResponse> call, uint id, string? token, EventStreamClientOptions options, TimeProvider time) : IAsyncDisposable
    where TRequest : class, IEventRequestFrame, new()
    where TResponse : class
{
    private readonly PeriodicTimer _timer = new(options.HeartbeatInterval, time);
    private Task? _beating;
    private Task<bool>? _read;
    private long _readingSince;
    private string? _acknowledged;
    private string? _token = token;
    private bool _broken;

    /// <summary>Set when the server has said bye: there is nothing to unsubscribe from.</summary>
    internal bool Left { get; set; }

    /// <summary>Subscribes, and waits until the stream stands.</summary>
    internal async Task OpenAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        _broken = true;
        using var cut = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cut.Token, cancellationToken);
        await using (either.Token.UnsafeRegister(static c => ((IDisposable)c!).Dispose(), call))
        {
            await call.ResponseHeadersAsync;
            await call.RequestStream.WriteAsync(new TRequest { Subscribe = subscription }, CancellationToken.None);
        }

        // It may have been cut just as it stood.
        either.Token.ThrowIfCancellationRequested();
        _broken = false;
        _beating = BeatAsync();
    }

    /// <summary>The next frame; null when the stream has ended, or when the wait was cancelled.</summary>
    /// <exception cref="RpcException">The stream has broken.</exception>
    internal async Task<TResponse?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            Volatile.Write(ref _readingSince, time.GetTimestamp());
            _read ??= call.ResponseStream.MoveNext(CancellationToken.None);
            if (!_read.IsCompleted && cancellationToken.CanBeCanceled)
            {
                var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await using var registration = cancellationToken.UnsafeRegister(static t => ((TaskCompletionSource)t!).TrySetResult(), cancelled);
                await Task.WhenAny(_read, cancelled.Task);
                if (!_read.IsCompleted)
                    return null;
            }

            var more = await _read;
            _read = null;
            return more ? call.ResponseStream.Current : null;
        }
        catch (ObjectDisposedException)
        {
            // The heartbeat cut it between two reads.
            _broken = true;
            throw new RpcException(new Status(StatusCode.Unavailable, "The server was silent for too long, and the stream was cut."));
        }
        catch
        {
            _broken = true;
            throw;
        }
        finally
        {
            Volatile.Write(ref _readingSince, 0);
        }
    }

    /// <summary>The consumer has dealt with everything up to this cursor. It is sent in place of the next heartbeat.</summary>
    internal void Acknowledge(string cursor)
    {
        if (cursor.Length > 0)
            Volatile.Write(ref _acknowledged, cursor);
    }

    /// <summary>Ends the stream: unsubscribes, half-closes, and reads what still comes; cuts it if that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        if (!_broken)
        {
            using var cut = new CancellationTokenSource(options.EndTimeout, time);
            await using var disposing = cut.Token.UnsafeRegister(static c => ((IDisposable)c!).Dispose(), call);
            try
            {
                await (_beating ?? Task.CompletedTask);
                await FinishAsync();
            }
            catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or ObjectDisposedException)
            {
                // It has ended already, one way or another.
            }
        }

        call.Dispose();
        await (_beating ?? Task.CompletedTask);
    }

    private async Task FinishAsync()
    {
        if (Volatile.Read(ref _acknowledged) is { } cursor && !Left)
            await call.RequestStream.WriteAsync(new TRequest { Ack = new EventAck { SubscriptionId = id, Cursor = cursor } }, CancellationToken.None);
        if (!Left)
            await call.RequestStream.WriteAsync(new TRequest { Unsubscribe = new EventUnsubscribe { SubscriptionId = id } }, CancellationToken.None);
        await call.RequestStream.CompleteAsync();
        while (await (_read ?? call.ResponseStream.MoveNext(CancellationToken.None)))
            _read = null;
    }

    private async ValueTask<TRequest> NextFrameAsync()
    {
        if (await NewerTokenAsync() is { } newer)
            return new TRequest { Authenticate = new EventAuthenticate { Token = _token = newer } };
        return Interlocked.Exchange(ref _acknowledged, null) is { } cursor
            ? new TRequest { Ack = new EventAck { SubscriptionId = id, Cursor = cursor } }
            : new TRequest { Heartbeat = new EventHeartbeat() };
    }

    /// <summary>The token, when it is another than the one that was shown; null too when there is none to be had just now.</summary>
    private async ValueTask<string?> NewerTokenAsync()
    {
        if (options.Token is not { } give)
            return null;
        try
        {
            // Heartbeats go on, whatever becomes of it.
            var given = give(CancellationToken.None);
            var now = given.IsCompletedSuccessfully ? given.Result : await given.AsTask().WaitAsync(options.HeartbeatInterval, time);
            return now == _token ? null : now;
        }
        catch (Exception)
        {
            return null;
        }
    }

    /// <summary>The one loop that writes while the stream is in use. Never throws: the reader learns that the stream is broken.</summary>
    private async Task BeatAsync()
    {
        var write = Task.CompletedTask;
        try
        {
            while (await _timer.WaitForNextTickAsync(CancellationToken.None))
            {
                // A consumer that does not read receives no heartbeat of the server either.
                if (Volatile.Read(ref _readingSince) is var since and not 0 && time.GetElapsedTime(since) > options.ServerTimeout)
                    call.Dispose();
                if (!write.IsCompleted)
                    continue;
                await write;
                write = call.RequestStream.WriteAsync(await NextFrameAsync(), CancellationToken.None);
            }

            await write;
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or ObjectDisposedException)
        {
            // The stream has ended.
        }
    }
}
