using System.Diagnostics;
using Grpc.Core;
using Microservices.Persistence;
using Microservices.Primitives;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Topics;

/// <summary>
/// Consumes one partition, one batch of events after the other, for as long as this replica has it: each batch and the place
/// after it are one transaction, or several where the handler deals with it some events at a time, and only then is the next one asked for, which acknowledges it. Survives whatever its database and
/// the stream do: it waits, reads its position again and goes on from there.
/// </summary>
internal sealed partial class PartitionConsumer<TContext, TEvent>(
    string consumer, PartitionPositions<TContext> positions, EventStreamClient<TEvent> events, IPartitionHandler<TContext, TEvent> handler,
    IOptions<PartitionConsumerOptions> options, PartitionConsumerMetrics metrics, TimeProvider time, ILogger<PartitionConsumer<TContext, TEvent>> logger)
    where TContext : ServiceDbContext
{
    private static readonly ActivitySource Spans = new("Microservices.Topics");
    private static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(50);

    /// <summary>Consumes the partition until cancelled. Never fails.</summary>
    public async Task RunAsync(int partition, CancellationToken cancellationToken)
    {
        metrics.Owned(consumer, 1);
        var backoff = new Backoff(MinBackoff, options.Value.MaxBackoff);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ConsumeAsync(partition, backoff, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                // Whatever the stream or the database throws: the partition must go on, or its events would never be dealt with.
                Failed(exception, partition, backoff);
            }
            await Task.Delay(backoff.Next(), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        metrics.Owned(consumer, -1);
    }

    /// <summary>Returns when another replica has moved the position, or a batch could not be written.</summary>
    private async Task ConsumeAsync(int partition, Backoff backoff, CancellationToken cancellationToken)
    {
        var cursor = await positions.ReadAsync(partition, cancellationToken);
        var subscription = new Subscription { Partition = (uint)partition, Cursor = cursor, FromEarliest = cursor.Length == 0 };
        await foreach (var item in events.SubscribeAsync(subscription, cancellationToken))
        {
            if (item is ReceivedSubscribed<TEvent>)
                continue;
            var written = item switch
            {
                ReceivedEvents<TEvent> batch => await WriteAsync(partition, cursor, batch, backoff, cancellationToken),
                ReceivedReset<TEvent> reset => await ResetAsync(partition, cursor, reset, cancellationToken),
                _ => true,
            };
            if (!written)
                return;
            cursor = item.Cursor;
            backoff.Reset();
        }
    }

    private async Task<bool> WriteAsync(int partition, string cursor, ReceivedEvents<TEvent> batch, Backoff backoff, CancellationToken cancellationToken)
    {
        using var span = batch.Causes is { } causes
            ? Spans.StartCaused(ActivityKind.Consumer, "process", consumer, causes.Contexts)
            : null;
        try
        {
            for (IReadOnlyList<TEvent> left = batch.Events; left.Count > 0;)
            {
                if (await WriteFirstAsync(partition, cursor, batch.Cursor, left, cancellationToken) is not { } handled)
                    return Fenced(partition);
                metrics.Written(consumer, handled.Events, handled.Rows, time.GetUtcNow() - handler.TimeOf(left[0]));
                left = [.. left.Skip(handled.Events)];
            }

            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Here, so that what is logged has the trace id of what has caused the events.
            span?.SetStatus(ActivityStatusCode.Error);
            Failed(exception, partition, backoff);
            return false;
        }
    }

    /// <summary>Writes as many of the events as the handler deals with at a time; null when another replica has moved the position.</summary>
    private async Task<HandledEvents?> WriteFirstAsync(int partition, string from, string to, IReadOnlyList<TEvent> left, CancellationToken cancellationToken)
    {
        var handled = default(HandledEvents);
        var rows = await positions.MoveAsync(partition, from, to, async context =>
        {
            handled = await handler.HandleAsync(context, left, cancellationToken);
            if (handled.Events < left.Count)
                await positions.StayAsync(context, partition, from, cancellationToken);
            return handled.Rows;
        }, cancellationToken);
        return rows is null ? null : handled;
    }

    private async Task<bool> ResetAsync(int partition, string cursor, ReceivedReset<TEvent> reset, CancellationToken cancellationToken)
    {
        LogReset(consumer, partition, reset.Reason);
        metrics.Reset(consumer);
        return await positions.MoveAsync(partition, cursor, reset.Cursor, _ => Task.FromResult(0), cancellationToken) is not null || Fenced(partition);
    }

    private void Failed(Exception exception, int partition, Backoff backoff)
    {
        var level = DatabaseAwayException.LevelOf(exception, LogLevel.Warning);
        // The stack of an outage or of a refusal shows nothing.
        LogFailed(level, exception is DatabaseAwayException or RpcException ? null : exception, consumer, partition, backoff.Failures, exception.Message);
    }

    private bool Fenced(int partition)
    {
        metrics.Fenced(consumer);
        LogFenced(consumer, partition);
        return false;
    }

    [LoggerMessage("Partition {Partition} of {Consumer} waits, after {Failures} failures before: {Cause}")]
    private partial void LogFailed(LogLevel level, Exception? exception, string consumer, int partition, int failures, string cause);

    [LoggerMessage(LogLevel.Information, "Partition {Partition} of {Consumer} was moved on by another replica: reading its position again")]
    private partial void LogFenced(string consumer, int partition);

    [LoggerMessage(LogLevel.Error, "Events of partition {Partition} of {Consumer} may be missing ({Reason}): going on with what there is")]
    private partial void LogReset(string consumer, int partition, EventResetReason reason);
}
