using System.Runtime.CompilerServices;
using Grpc.Core;
using Microservices.EventLog;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;

namespace Microservices.Topics;

/// <summary>
/// Serves an event stream from a service's topics: a subscription is about one key, one partition or all. First the place is taken of the
/// events that follow a snapshot, then the snapshot is read, page by page and with no transaction across them (<see cref="SnapshotReader{TContext}"/>).
/// So every change is in the snapshot or among the events that follow it, and one that was committed meanwhile may be in both: then its event
/// may be older than what the snapshot has, which its version tells, and the events go on to the present state. A singleton; thread-safe.
/// </summary>
/// <typeparam name="TContext">The service's database.</typeparam>
public abstract class TopicSource<TContext>(KeyedTopics topics, ErrorDomain errors, IEventLog log, SnapshotReader<TContext> snapshots)
    : IEventReaderSource<IEventRequestFrame>
    where TContext : ServiceDbContext
{
    /// <summary>
    /// What there is after a position (empty: from the beginning), in the order of positions, at most so many: what an item's position is made
    /// of never changes. It is read only as far as a page goes.
    /// </summary>
    protected abstract IAsyncEnumerable<SnapshotItem> Snapshot(TContext context, SnapshotScope scope, string after, int count);

    /// <summary>Checks the key of a subscription; that it is an id unless overridden.</summary>
    protected virtual void CheckKey(FieldViolations violations, string field, string key) => violations.CheckId(field, key);

    /// <inheritdoc/>
    public IEventReader Read(IEventRequestFrame request, ServerCallContext stream)
    {
        var subscription = request.Subscribe!;
        return new TopicEventReader<TContext>(this, subscription, Check(subscription));
    }

    /// <summary>The events of what was asked for after a place; null: those to come.</summary>
    internal EventSubscription Follow(Subscription subscription, Cursor? from) =>
        log.Subscribe(TopicsOf(subscription), from, subscription.Delivery == EventDelivery.Latest ? Delivery.Latest : Delivery.Lossless);

    /// <summary>What there is; the last item has the place of the events that follow it.</summary>
    internal async IAsyncEnumerable<EventSourceItem> ReadSnapshotAsync(Subscription subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wanted = TopicsOf(subscription);
        var from = KeyedTopics.PlaceAfter(await snapshots.ReadHeadsAsync(wanted, cancellationToken));
        var scope = new SnapshotScope(subscription.Key, subscription.HasPartition ? (int)subscription.Partition : null);
        string? after = "";
        while (after is not null)
        {
            var page = await snapshots.ReadPageAsync(context => Snapshot(context, scope, after, SnapshotReader<TContext>.PageItems), cancellationToken);
            after = page.Count > 0 ? page[^1].Item.Position : null;
            if (page.Count > 0)
                yield return new EncodedEvents([.. page.Select(read => read.Bytes)], "", Snapshot: true);
        }

        yield return new EncodedEvents([], from.ToString(), Snapshot: true);
    }

    /// <summary>The place asked for; null for that of the events to come.</summary>
    private Cursor? Check(Subscription subscription)
    {
        var violations = new FieldViolations();
        var from = subscription.FromEarliest ? Cursor.Earliest : null;
        if (subscription.Key.Length > 0)
            CheckKey(violations, "key", subscription.Key);
        if (subscription.HasPartition && subscription.Partition >= KeyedTopics.Partitions)
            violations.Add("partition", $"must be 0 to {KeyedTopics.Partitions - 1}");
        if (subscription.HasPartition && subscription.Key.Length > 0)
            violations.Add("partition", "must be absent where there is a key");
        // One of other topics would begin these at their oldest events, without a word.
        if (subscription.Cursor.Length > 0 && !violations.Any
            && !(Cursor.TryParse(subscription.Cursor, out from) && TopicsOf(subscription).All(topic => from.TryGetOffset(topic, out _, out _))))
            violations.Add("cursor", "is not the cursor of an earlier frame of this subscription");
        violations.ThrowIfAny(errors);
        return from;
    }

    private IReadOnlyList<string> TopicsOf(Subscription subscription) =>
        subscription.HasPartition ? [topics.All[(int)subscription.Partition]]
        : subscription.Key.Length > 0 ? [topics.OfKey(subscription.Key)]
        : topics.All;
}
