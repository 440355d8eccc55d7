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
public abstract class TopicSource<TContext, TSubscription>(UserTopics topics, ErrorDomain errors, IEventLog log, Database<TContext> database) : IEventSource<TSubscription>
    where TContext : ServiceDbContext
    where TSubscription : class, IUserSubscription
{
    // So many events of the largest size are one frame still.
    private const int PageItems = 32;

    /// <summary>What there is of a user (empty: of all) with an id greater than the one given, by id, at most so many.</summary>
    protected abstract Task<IReadOnlyList<SnapshotItem>> SnapshotAsync(TContext context, string userId, string after, int count, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<EventSourceItem> SubscribeAsync(TSubscription subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        var wanted = Check(subscription, out var from);
        var delivery = subscription.Delivery == EventDelivery.Latest ? Delivery.Latest : Delivery.Lossless;
        var snapshot = subscription.Snapshot && subscription.Cursor.Length == 0;
        var subscribed = snapshot;
        if (snapshot)
            yield return new EventsSubscribed(Recovered: true, Cursor: "");

        do
        {
            if (snapshot)
            {
                await using var view = await database.BeginReadAsync(cancellationToken);
                from = await PlaceAsync(view.Context, wanted, cancellationToken);
                await foreach (var page in ReadSnapshotAsync(view.Context, subscription, cancellationToken))
                    yield return new EncodedEvents(page, "", Snapshot: true);
            }

            if (snapshot)
                yield return new EncodedEvents([], from!.ToString(), Snapshot: true);
            snapshot = false;

            await using var events = log.Subscribe(wanted, from, delivery);
            await foreach (var item in events.WithCancellation(cancellationToken))
            {
                switch (item)
                {
                    case Subscribed stands when !subscribed:
                        subscribed = true;
                        yield return new EventsSubscribed(stands.Recovered, stands.Cursor.ToString());
                        break;
                    case EventBatch batch:
                        yield return batch.Once(static b => new EncodedEvents(Payloads(b.Events), b.Cursor.ToString()));
                        break;
                    case StreamReset reset:
                        snapshot = subscription.Snapshot;
                        yield return new EventsReset(ReasonOf(reset.Reason), snapshot ? "" : reset.Cursor.ToString());
                        break;
                }

                if (snapshot)
                    break;
            }
        }
        while (snapshot);
    }

    private IReadOnlyList<string> Check(TSubscription subscription, out Cursor? from)
    {
        var violations = new FieldViolations();
        from = subscription.FromEarliest ? Cursor.Earliest : null;
        if (subscription.Cursor.Length > 0 && !Cursor.TryParse(subscription.Cursor, out from))
            violations.Add("cursor", "is not the cursor of an earlier frame");
        if (subscription.UserId.Length > 0)
            violations.CheckId("user_id", subscription.UserId);
        if (subscription.HasPartition && subscription.Partition >= UserTopics.Partitions)
            violations.Add("partition", $"must be 0 to {UserTopics.Partitions - 1}");
        if (subscription.HasPartition && subscription.UserId.Length > 0)
            violations.Add("partition", "must be absent where there is a user_id");
        if (violations.Any)
            throw errors.Invalid(violations).ToRpcException();
        return subscription.HasPartition ? [topics.All[(int)subscription.Partition]]
            : subscription.UserId.Length > 0 ? [topics.OfUser(subscription.UserId)]
            : topics.All;
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>[]> ReadSnapshotAsync(
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

    private static ReadOnlyMemory<byte>[] Payloads(IReadOnlyList<LogEvent> events)
    {
        var payloads = new ReadOnlyMemory<byte>[events.Count];
        for (var i = 0; i < payloads.Length; i++)
            payloads[i] = events[i].Payload;
        return payloads;
    }

    private static async Task<Cursor> PlaceAsync(TContext context, IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        var heads = await context.ReadHeadsAsync(topics, cancellationToken);
        return Cursor.Combine([.. topics.Select((topic, i) => Cursor.At(topic, heads[i].Epoch, heads[i].LastOffset))]);
    }

    private static EventResetReason ReasonOf(ResetReason reason) => reason switch
    {
        ResetReason.Truncated => EventResetReason.Truncated,
        ResetReason.Forked => EventResetReason.Forked,
        _ => EventResetReason.EpochChanged,
    };
}
