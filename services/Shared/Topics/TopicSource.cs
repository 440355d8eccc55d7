using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microservices.EventLog;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;

namespace Microservices.Topics;

/// <summary>One thing that there is, in a snapshot.</summary>
/// <param name="Id">What snapshots are ordered by.</param>
/// <param name="UserId">Whose it is.</param>
/// <param name="Event">It, as an event that says no change.</param>
public sealed record SnapshotItem(string Id, string UserId, IMessage Event);

/// <summary>
/// Serves an event stream from a service's topics: a subscription is about one user, one partition or all. A snapshot and the place of
/// the events that follow it are one view of the database, so that every change is in the one or among the other, and none in both.
/// A singleton; thread-safe.
/// </summary>
/// <typeparam name="TContext">The service's database.</typeparam>
/// <typeparam name="TSubscription">The message that asks for a subscription.</typeparam>
public abstract class TopicSource<TContext, TSubscription>(UserTopics topics, ErrorDomain errors, IEventLog log, Database<TContext> database) : IEventReaderSource<TSubscription>
    where TContext : ServiceDbContext
    where TSubscription : class, IUserSubscription
{
    // So many events of the largest size are one frame still.
    private const int PageItems = 32;

    /// <summary>What there is of a user (empty: of all) with an id greater than the one given, by id, at most so many.</summary>
    protected abstract Task<IReadOnlyList<SnapshotItem>> SnapshotAsync(TContext context, string userId, string after, int count, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public IEventReader Read(TSubscription subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        var from = Check(subscription);
        return new TopicEventReader<TContext, TSubscription>(this, subscription, from);
    }

    /// <summary>The events of what was asked for after a place; null: those to come.</summary>
    internal EventSubscription Follow(TSubscription subscription, Cursor? from) =>
        log.Subscribe(TopicsOf(subscription), from, subscription.Delivery == EventDelivery.Latest ? Delivery.Latest : Delivery.Lossless);

    /// <summary>What there is; the last item has the place of the events that follow it.</summary>
    internal async IAsyncEnumerable<EventSourceItem> ReadSnapshotAsync(TSubscription subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Cursor from;
        await using (var view = await database.BeginReadAsync(cancellationToken))
        {
            var wanted = TopicsOf(subscription);
            from = UserTopics.PlaceAfter(wanted, await view.Context.ReadHeadsAsync(wanted, cancellationToken));
            await foreach (var page in ReadPagesAsync(view.Context, subscription, cancellationToken))
                yield return new EncodedEvents(page, "", Snapshot: true);
        }

        yield return new EncodedEvents([], from.ToString(), Snapshot: true);
    }

    /// <summary>The place asked for; null for that of the events to come.</summary>
    private Cursor? Check(TSubscription subscription)
    {
        var violations = new FieldViolations();
        var from = subscription.FromEarliest ? Cursor.Earliest : null;
        if (subscription.UserId.Length > 0)
            violations.CheckId("user_id", subscription.UserId);
        if (subscription.HasPartition && subscription.Partition >= UserTopics.Partitions)
            violations.Add("partition", $"must be 0 to {UserTopics.Partitions - 1}");
        if (subscription.HasPartition && subscription.UserId.Length > 0)
            violations.Add("partition", "must be absent where there is a user_id");
        // One of other topics would begin these at their oldest events, without a word.
        if (subscription.Cursor.Length > 0 && !violations.Any
            && !(Cursor.TryParse(subscription.Cursor, out from) && TopicsOf(subscription).All(topic => from.TryGetOffset(topic, out _, out _))))
            violations.Add("cursor", "is not the cursor of an earlier frame of this subscription");
        if (violations.Any)
            throw errors.Invalid(violations).ToRpcException();
        return from;
    }

    private IReadOnlyList<string> TopicsOf(TSubscription subscription) =>
        subscription.HasPartition ? [topics.All[(int)subscription.Partition]]
        : subscription.UserId.Length > 0 ? [topics.OfUser(subscription.UserId)]
        : topics.All;

    private async IAsyncEnumerable<ReadOnlyMemory<byte>[]> ReadPagesAsync(
        TContext context, TSubscription subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = ""; await SnapshotAsync(context, subscription.UserId, after, PageItems, cancellationToken) is { Count: > 0 } page; after = page[^1].Id)
        {
            var events = page
                .Where(item => !subscription.HasPartition || Partition.Of(item.UserId, UserTopics.Partitions) == subscription.Partition)
                .Select(item => (ReadOnlyMemory<byte>)item.Event.ToByteArray())
                .ToArray();
            if (events.Length > 0)
                yield return events;
        }
    }
}
