using Grpc.Core;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>Asks a service whose part has changed after a cursor; null when its answer does not say.</summary>
internal delegate Task<KeyChanges?> ReadChanges(string cursor, CallOptions options);

/// <summary>
/// Polls a service for the users whose part has changed, four times in <see cref="GatewayOptions.MaxUnverified"/>. While it does not
/// answer nothing counts as current, and so every part is asked for; when it answers again, the changes since its cursor follow.
/// </summary>
internal sealed partial class ChangeFollower<T>(
    string backend, InvalidationClock<T> clock, ReadChanges read, IOptions<GatewayOptions> options, TimeProvider time, ILogger<ChangeFollower<T>> logger) : BackgroundService
{
    private const int InMaxUnverified = 4;
    private static readonly KeyChanges Unknown = new() { Reset = true };
    private readonly TimeSpan maxUnverified = options.Value.MaxUnverified;
    private readonly Outage outage = new(time);
    private string cursor = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (maxUnverified == TimeSpan.Zero)
            return;
        using var timer = new PeriodicTimer(maxUnverified / InMaxUnverified, time);
        try
        {
            do
                await FollowAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task FollowAsync(CancellationToken stop)
    {
        try
        {
            while (await ReadAsync(stop))
            {
            }

            if (outage.End() is { } lasted)
                LogBack(backend, lasted);
        }
        catch (RpcException) when (stop.IsCancellationRequested)
        {
            // It was called off: the loop ends.
        }
        catch (RpcException exception)
        {
            // A cursor is refused by a service that is older or newer than the one that gave it.
            if (exception.StatusCode == StatusCode.InvalidArgument)
                cursor = "";
            // That its replicas are away is told by those who keep streams to them.
            if (exception.StatusCode != StatusCode.Unavailable && outage.Begin())
                LogFailing(backend, exception.StatusCode);
        }
    }

    private async Task<bool> ReadAsync(CancellationToken stop)
    {
        var asked = time.GetTimestamp();
        // A later answer could not verify anything.
        var changes = await read(cursor, new CallOptions(deadline: time.GetUtcNow().UtcDateTime + maxUnverified, cancellationToken: stop)) ?? Unknown;
        if (changes.Reset)
            clock.InvalidateAll();
        foreach (var userId in changes.Keys)
            clock.Invalidate(userId);
        cursor = changes.Cursor;
        if (!changes.More)
            clock.Verify(asked);
        return changes.More;
    }

    [LoggerMessage(LogLevel.Warning, "{Backend} does not report changes ({Code}): the gateway asks it for its part of every overview until it does")]
    private partial void LogFailing(string backend, StatusCode code);

    [LoggerMessage(LogLevel.Information, "{Backend} reports changes again, after {Lasted}")]
    private partial void LogBack(string backend, TimeSpan lasted);
}
