using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Hosting.Operations;
using Microservices.Operations.V1;
using Microservices.Persistence;

namespace Microservices.Topics.Operations;

/// <summary>
/// Shows the events of a topic to one watcher. It takes what comes when the frame before is written, and holds no more than what it took last: what there was at the beginning is shown
/// as fast as the allowance goes, and what has come since is shown as far as it goes, and else counted. Not thread-safe.
/// </summary>
internal sealed class TopicWatch(
    KeptTopic topic, Cursor? from, string key, MessageDescriptor? type, EventSubscription subscription, Watch<WatchTopicResponse> watch, Allowance allowance, TimeProvider time)
{
    private const int FrameBytes = 256 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private WatchTopicResponse frame = new();
    private int frameBytes;
    private long leftOut;
    private long toldAt = time.GetTimestamp();

    // What is committed is there, also before the log has it.
    private long wholeUpTo = topic.LastOffset;
    private Cursor? place = from;

    /// <summary>Shows them until the watch is over.</summary>
    /// <exception cref="Hosting.Errors.StatusException">The process leaves, the token has expired, or the watcher does not read.</exception>
    /// <exception cref="OperationCanceledException">The watcher is gone.</exception>
    public async Task RunAsync()
    {
        var items = subscription.GetAsyncEnumerator();
        Task<bool>? next = null;
        try
        {
            while (true)
            {
                next ??= items.MoveNextAsync().AsTask();
                if (!next.IsCompleted)
                    await Task.WhenAny(next, Task.Delay(Left, time, watch.Over));
                watch.ThrowIfOver();
                if (!next.IsCompleted)
                {
                    await WriteAsync();
                    continue;
                }

                if (!await next)
                    throw new Hosting.Errors.StatusException(Watches.Errors.Unavailable("DRAINING", "The process is about to stop: watch another one."));
                next = null;
                await TakeAsync(items.Current);
                if (frame.Events.Count > 0 || frame.Reset is not null || Left == TimeSpan.Zero)
                    await WriteAsync();
            }
        }
        finally
        {
            subscription.Cancel();
            if (next is not null)
                await next;
            await items.DisposeAsync();
        }
    }

    /// <summary>How long until something is to be said even if nothing has come.</summary>
    private TimeSpan Left => time.GetElapsedTime(toldAt) >= Interval ? TimeSpan.Zero : Interval - time.GetElapsedTime(toldAt);

    private long Head => subscription.Places.Single().Head;

    private async Task TakeAsync(SubscriptionItem item)
    {
        switch (item)
        {
            case EventBatch batch:
                foreach (var e in batch.Events)
                    await TakeAsync(e);
                break;
            case StreamReset reset:
                (place, frame.Reset) = (reset.Cursor, new TopicReset { Reason = ReasonOf(reset.Reason) });
                // Of a numbering that began anew nothing was there before.
                if (reset.Reason == ResetReason.EpochChanged)
                    wholeUpTo = 0;
                await WriteAsync();
                break;
            default:
                (place, wholeUpTo) = (item.Cursor, Math.Max(wholeUpTo, Head));
                await WriteAsync();
                break;
        }
    }

    private async Task TakeAsync(LogEvent e)
    {
        if (key.Length == 0 || e.Key == key)
            await ShowOrCountAsync(e);
        place = TopicEvents.PlaceAfter(e);
    }

    private async Task ShowOrCountAsync(LogEvent e)
    {
        var isAllowed = allowance.TryTake(e.Payload.Length);
        while (!isAllowed && e.Offset <= wholeUpTo)
        {
            if (frame.Events.Count > 0 || Left == TimeSpan.Zero)
                await WriteAsync();
            await watch.WaitAsync(Shorter(allowance.Wait, Left));
            isAllowed = allowance.TryTake(e.Payload.Length);
        }

        if (!isAllowed)
        {
            leftOut++;
            return;
        }

        var shown = e.ToMessage(type);
        frame.Events.Add(shown);
        frameBytes += shown.Size + shown.Json.Length;
        // The frame goes on after it.
        place = TopicEvents.PlaceAfter(e);
        if (frameBytes >= FrameBytes)
            await WriteAsync();
    }

    private async Task WriteAsync()
    {
        // Where it begins, when that is now, is not known before the log or the database has answered.
        var (epoch, offset) = ("", 0L);
        place?.TryGetOffset(topic.Topic, out epoch, out offset);
        (frame.LeftOut, frame.Offset, frame.Epoch, frame.Cursor) = (leftOut, Math.Max(0, offset), epoch, place?.ToString() ?? "");
        (frame.Head, frame.Time) = (Math.Max(Head, frame.Offset), Timestamp.FromDateTimeOffset(time.GetUtcNow()));
        var written = frame;
        (frame, frameBytes) = (new(), 0);
        await watch.WriteAsync(written);
        toldAt = time.GetTimestamp();
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TopicResetReason ReasonOf(ResetReason reason) => reason switch
    {
        ResetReason.Truncated => TopicResetReason.Truncated,
        ResetReason.Forked => TopicResetReason.Forked,
        _ => TopicResetReason.EpochChanged,
    };
}
