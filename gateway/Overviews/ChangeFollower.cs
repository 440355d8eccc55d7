using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>Whose part has changed, as a service answers.</summary>
internal readonly record struct ChangedParts(IReadOnlyList<string> UserIds, string Cursor, bool More, bool Reset);

/// <summary>Asks a service for the changes after a cursor.</summary>
internal delegate Task<ChangedParts> ReadChanges(string cursor, CallOptions options);

/// <summary>
/// Polls a service for the users whose part has changed, four times in <see cref="GatewayOptions.MaxUnverified"/>. While it does not
/// answer nothing counts as current, and so every part is asked for; when it answers again, the changes since its cursor follow.
/// </summary>
internal sealed partial class ChangeFollower<T>(
    string backend, InvalidationClock<T> clock, ReadChanges read, IOptions<GatewayOptions> options, TimeProvider time, ILogger<ChangeFollower<T>> logger) : BackgroundService
{
    private const int InMaxUnverified = 4;
    private readonly TimeSpan maxUnverified = options.Value.MaxUnverified;
    private string cursor = "";
    private int failures;

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

            if (failures > 0)
                LogBack(backend, failures);
            failures = 0;
        }
        catch (RpcException exception) when (!stop.IsCancellationRequested)
        {
            // A cursor is refused by a service that is older or newer than the one that gave it.
            if (exception.StatusCode == StatusCode.InvalidArgument)
                cursor = "";
            if (failures++ == 0)
                LogFailing(backend, exception.StatusCode);
        }
    }

    private async Task<bool> ReadAsync(CancellationToken stop)
    {
        var asked = time.GetTimestamp();
        // A later answer could not verify anything.
        var answer = await read(cursor, new CallOptions(deadline: time.GetUtcNow().UtcDateTime + maxUnverified, cancellationToken: stop));
        if (answer.Reset)
            clock.InvalidateAll();
        foreach (var userId in answer.UserIds)
            clock.Invalidate(userId);
        cursor = answer.Cursor;
        if (!answer.More)
            clock.Verify(asked);
        return answer.More;
    }

    [LoggerMessage(LogLevel.Warning, "{Backend} does not report changes ({Code}): the gateway asks it for its part of every overview until it does")]
    private partial void LogFailing(string backend, StatusCode code);

    [LoggerMessage(LogLevel.Information, "{Backend} reports changes again, after {Failures} failures")]
    private partial void LogBack(string backend, int failures);
}
