using Google.Protobuf;
using Microservices.EventLog;
using Microservices.Operations.V1;
using Microservices.Persistence;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;

namespace Microservices.Topics;

/// <summary>
/// One subscription of a <see cref="TopicSource{TContext}"/>: a snapshot, if it was asked for, then the events after it; after a
/// reset both again. It is not an async sequence over another: there are hundreds of thousands of readers, and nearly all of them wait for an event.
/// </summary>
internal sealed class TopicEventReader<TContext> : IEventReader
    where TContext : ServiceDbContext
{
    private const int MostPlaces = 4;
    private readonly TopicSource<TContext> source;
    private readonly Subscription subscription;
    private SequenceReader? snapshot;
    private EventSubscription? live;
    private Cursor? from;
    private bool subscribed;
    private volatile bool cancelled;

    public TopicEventReader(TopicSource<TContext> source, Subscription subscription, Cursor? from)
    {
        (this.source, this.subscription) = (source, subscription);
        if (subscription.Snapshot && subscription.Cursor.Length == 0)
            BeginSnapshot();
        else
            live = source.Follow(subscription, from);
    }

    public bool ReadsPage => snapshot is not null;

    public EventSourceItem? TryRead()
    {
        if (snapshot is null)
            return TryReadLive();
        if (!subscribed)
        {
            subscribed = true;
            return new EventsSubscribed(Recovered: true, Cursor: "");
        }

        if (snapshot.TryRead() is not { } item)
            return null;
        if (Cursor.TryParse(item.Cursor, out var place))
            from = place;
        return item;
    }

    public ValueTask<bool> WaitToReadAsync() => snapshot is null ? live!.WaitToReadAsync() : WaitForSnapshotAsync(snapshot);

    public void Describe(StreamSubscription description)
    {
        if (live is not { } following)
            return;
        foreach (var place in following.Places)
        {
            description.Lag += place.Lag;
            description.Places.Add(new TopicPlace { Topic = place.Topic, Offset = place.Offset, Head = place.Head });
        }

        if (description.Places.Count <= MostPlaces)
            return;
        var most = description.Places.OrderByDescending(static place => place.Head - place.Offset).Take(MostPlaces).ToList();
        description.Places.Clear();
        description.Places.AddRange(most);
    }

    public void Cancel()
    {
        cancelled = true;
        Interlocked.MemoryBarrier();
        snapshot?.Cancel();
        live?.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        if (snapshot is not null)
            await snapshot.DisposeAsync();
        if (live is not null)
            await live.DisposeAsync();
    }

    private EventSourceItem? TryReadLive()
    {
        while (live!.TryRead() is { } item)
        {
            switch (item)
            {
                case Subscribed stands when !subscribed:
                    subscribed = true;
                    return new EventsSubscribed(stands.Recovered, stands.Cursor.ToString());
                // What stands for events that were set aside has no content; the cursor of the next batch is beyond it.
                case EventBatch batch when batch.Events.All(static e => e.Payload.IsEmpty):
                    break;
                case EventBatch batch:
                    return batch.Once(static b => new EncodedEvents(Payloads(b.Events), b.Cursor.ToString()) { Causes = Causes(b.Events) });
                case StreamReset reset when subscription.Snapshot:
                    BeginSnapshot();
                    return new EventsReset(ReasonOf(reset.Reason), "");
                case StreamReset reset:
                    return new EventsReset(ReasonOf(reset.Reason), reset.Cursor.ToString());
            }
        }

        return null;
    }

    private void BeginSnapshot()
    {
        snapshot = new SequenceReader(cancellationToken => source.ReadSnapshotAsync(subscription, cancellationToken));
        CancelIfTooLate();
    }

    private async ValueTask<bool> WaitForSnapshotAsync(SequenceReader pages)
    {
        // What came before it is in it.
        if (live is not null)
            await live.DisposeAsync();
        live = null;
        if (await pages.WaitToReadAsync())
            return true;
        await pages.DisposeAsync();
        snapshot = null;
        live = source.Follow(subscription, from);
        CancelIfTooLate();
        return true;
    }

    /// <summary>A cancellation at the same moment saw what was just begun, or is seen here.</summary>
    private void CancelIfTooLate()
    {
        Interlocked.MemoryBarrier();
        if (cancelled)
            Cancel();
    }

    private static ReadOnlyMemory<byte>[] Payloads(IReadOnlyList<LogEvent> events)
    {
        if (events.Any(static e => e.Payload.IsEmpty))
            return [.. events.Where(static e => !e.Payload.IsEmpty).Select(static e => e.Payload)];
        var payloads = new ReadOnlyMemory<byte>[events.Count];
        for (var i = 0; i < payloads.Length; i++)
            payloads[i] = events[i].Payload;
        return payloads;
    }

    private static EventCauses? Causes(IReadOnlyList<LogEvent> events)
    {
        EventCauses? causes = null;
        var index = 0u;
        for (var i = 0; i < events.Count; i++)
        {
            if (!events[i].TraceContext.IsEmpty)
                (causes ??= new()).Causes.Add(new EventCause { Index = index, TraceContext = UnsafeByteOperations.UnsafeWrap(events[i].TraceContext) });
            index += events[i].Payload.IsEmpty ? 0u : 1;
        }

        return causes;
    }

    private static EventResetReason ReasonOf(ResetReason reason) => reason switch
    {
        ResetReason.Truncated => EventResetReason.Truncated,
        ResetReason.Forked => EventResetReason.Forked,
        _ => EventResetReason.EpochChanged,
    };
}
