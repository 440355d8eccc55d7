using Microservices.Persistence;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Logging;

namespace Microservices.Topics;

/// <summary>
/// Deals with the events of one partition, one batch after the other, for as long as this replica has it: each batch and the place
/// after it are one transaction, and only then is the next one asked for, which acknowledges it. Survives whatever its database and
/// the feed do: it waits, reads its place again and goes on from there.
/// </summary>
internal sealed partial class FeedFollower<TContext, TSubscription, TEvent>(
    string feed, FeedPositions<TContext> positions, EventStreamClient<TSubscription, TEvent> events, IFeedHandler<TContext, TEvent> handler,
    FeedOptions options, FeedMetrics metrics, TimeProvider time, ILogger<FeedFollower<TContext, TSubscription, TEvent>> logger)
    where TContext : ServiceDbContext
    where TSubscription : class, IUserSubscription, new()
{
    private static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(50);

    /// <summary>Follows the partition until cancelled. Never fails.</summary>
    public async Task RunAsync(int partition, CancellationToken cancellationToken)
    {
        metrics.Owned(feed, 1);
        var attempt = new Attempt();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(partition, attempt, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (DatabaseAwayException exception)
            {
                // The process has said so, once for all.
                LogWaits(exception, feed, partition);
            }
#pragma warning disable CA1031 // Whatever the feed or the database throw: the partition must go on, or its events would never be dealt with.
            catch (Exception exception)
            {
                LogFailed(exception, feed, partition, attempt.Failures);
            }
#pragma warning restore CA1031
            await BackOffAsync(attempt, cancellationToken);
        }

        metrics.Owned(feed, -1);
    }

    /// <summary>Returns when another replica has moved the position.</summary>
    private async Task FollowAsync(int partition, Attempt attempt, CancellationToken cancellationToken)
    {
        var cursor = await positions.ReadAsync(partition, cancellationToken);
        var subscription = new TSubscription { Partition = (uint)partition, Cursor = cursor, FromEarliest = cursor.Length == 0 };
        await foreach (var item in events.SubscribeAsync(subscription, cancellationToken))
        {
            if (item is ReceivedSubscribed<TEvent>)
                continue;
            var written = item switch
            {
                ReceivedEvents<TEvent> batch => await WriteAsync(partition, cursor, batch, cancellationToken),
                ReceivedReset<TEvent> reset => await ResetAsync(partition, cursor, reset, cancellationToken),
                _ => true,
            };
            if (!written)
            {
                metrics.Fenced(feed);
                LogFenced(feed, partition);
                return;
            }

            cursor = item.Cursor;
            attempt.Failures = 0;
        }
    }

    private async Task<bool> WriteAsync(int partition, string cursor, ReceivedEvents<TEvent> batch, CancellationToken cancellationToken)
    {
        var rows = await positions.MoveAsync(partition, cursor, batch.Cursor, context => handler.HandleAsync(context, batch.Events, cancellationToken), cancellationToken);
        if (rows is not { } count)
            return false;
        metrics.Written(feed, batch.Events.Count, count, time.GetUtcNow() - handler.TimeOf(batch.Events[0]));
        return true;
    }

    private async Task<bool> ResetAsync(int partition, string cursor, ReceivedReset<TEvent> reset, CancellationToken cancellationToken)
    {
        LogReset(feed, partition, reset.Reason);
        metrics.Reset(feed);
        return await positions.MoveAsync(partition, cursor, reset.Cursor, _ => Task.FromResult(0), cancellationToken) is not null;
    }

    private async Task BackOffAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var limit = Math.Min(options.MaxBackoff.TotalMilliseconds, MinBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(attempt.Failures++, 20)));
        await Task.Delay(TimeSpan.FromMilliseconds(limit * (0.5 + (Random.Shared.NextDouble() / 2))), time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>How often in a row it did not get on.</summary>
    private sealed class Attempt
    {
        public int Failures { get; set; }
    }

    [LoggerMessage(LogLevel.Warning, "Partition {Partition} of {Feed} waits, after {Failures} failures before")]
    private partial void LogFailed(Exception exception, string feed, int partition, int failures);

    [LoggerMessage(LogLevel.Debug, "Partition {Partition} of {Feed} waits for the database")]
    private partial void LogWaits(Exception exception, string feed, int partition);

    [LoggerMessage(LogLevel.Information, "Partition {Partition} of {Feed} was moved on by another replica: reading its position again")]
    private partial void LogFenced(string feed, int partition);

    [LoggerMessage(LogLevel.Error, "Events of partition {Partition} of {Feed} may be missing ({Reason}): going on with what there is")]
    private partial void LogReset(string feed, int partition, EventResetReason reason);
}
