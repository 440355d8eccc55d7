using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Users.V1;

namespace Microservices.Gateway.Events;

/// <summary>
/// An overview that stays up to date: both subscriptions are confirmed before the snapshot is read, so that every change is in it or comes after
/// it; a change that the snapshot shows already, by its version, does not come. A cursor holds the positions in Users and in Orders. Of a stream
/// only a few snapshots at a time are read and on their way to its client. A singleton; thread-safe.
/// </summary>
internal sealed class WatchOverview(
    EventStreamClient<UserEvent> users, EventStreamClient<OrderEvent> orders, OverviewSnapshot overview, SubscriptionQuota quota, IRequestLimits limits)
    : IEventReaderSource<WatchOverviewRequest>
{
    private const int Sources = 2;

    public IEventReader Read(WatchOverviewRequest request, ServerCallContext stream)
    {
        var http = stream.GetHttpContext();
        return new OverviewReader(cancellationToken => FollowAsync(request, http, cancellationToken));
    }

    private async IAsyncEnumerable<EventSourceItem> FollowAsync(
        WatchOverviewRequest request, HttpContext http, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var subscription = request.Subscribe;
        var query = Check(request, out var positions);
        if (await limits.RefusalAsync(http, (Principal)http.User) is { } refusal)
            throw new StatusException(refusal);
        using var hold = quota.Take(http);
        var caller = Caller.Of(http);
        var shown = new ShownVersions();
        var resumed = positions[0].IsKnown;
        if (resumed)
            yield return new EventsSubscribed(Recovered: true, subscription.Cursor);

        await using var changes = Follow(subscription, positions, caller, !resumed, cancellationToken);
        if (!resumed)
        {
            for (var subscribed = 0; subscribed < Sources; subscribed++)
            {
                var (source, item) = (await changes.NextAsync())!.Value;
                positions[source] = new ReaderPosition(item.Cursor, 0);
            }

            // The subscription is confirmed with its snapshot: a subscriber that is refused one tries again after longer and longer waits.
            yield return SnapshotNext.Item;
            yield return new SnapshotRead(new EventsSubscribed(Recovered: true, ""), await SnapshotAsync());
        }

        while (true)
        {
            var (source, item) = (await changes.NextAsync())!.Value;
            if (item is ReceivedSubscribed<OverviewEvent>)
                continue;
            positions[source] = new ReaderPosition(item.Cursor, 0);
            if (item is ReceivedReset<OverviewEvent> reset)
            {
                yield return SnapshotNext.Item;
                yield return new SnapshotRead(new EventsReset(reset.Reason, ""), await SnapshotAsync());
            }
            else if (item is ReceivedEvents<OverviewEvent> events && shown.News(events) is { Count: > 0 } news)
            {
                yield return new EncodedEvents([.. news.Select(i => Encode(events.Events[i]))], ReaderPositions.Join(Owner(subscription), positions))
                {
                    Causes = Causes(events, news),
                };
            }
        }

        async Task<EncodedEvents> SnapshotAsync()
        {
            var snapshot = await overview.ReadAsync(query, caller, cancellationToken);
            shown.Show(snapshot);
            return new EncodedEvents([Encode(new OverviewEvent { Overview = snapshot })], ReaderPositions.Join(Owner(subscription), positions), Snapshot: true);
        }
    }

    private static string Owner(Subscription subscription) => $"overview/{subscription.Key}";

    private static OverviewQuery Check(WatchOverviewRequest request, out ReaderPosition[] positions)
    {
        var subscription = request.Subscribe;
        var violations = new FieldViolations();
        violations.CheckId("key", subscription.Key);
        positions = new ReaderPosition[Sources];
        if (subscription.Cursor.Length > 0 && (!ReaderPositions.TryParse(Owner(subscription), subscription.Cursor, Sources, out positions) || positions.Any(position => position.Seen > 0)))
            violations.Add("cursor", "is not the cursor of an earlier frame");
        if (subscription.FromEarliest)
            violations.Add("from_earliest", "must be false: a snapshot comes first");
        if (subscription.HasPartition)
            violations.Add("partition", "must be absent");
        if (request.OrderLimit < 0)
            violations.Add("order_limit", "must not be negative");
        violations.ThrowIfAny(GatewayErrors.Domain);
        return OverviewQuery.From(new GetOverviewRequest { UserId = subscription.Key, OrderLimit = request.OrderLimit });
    }

    private MergedSubscriptions<OverviewEvent> Follow(Subscription wanted, ReaderPosition[] from, Caller caller, bool together, CancellationToken cancellationToken) => new(
        [
            token => users.SubscribeAsync(new() { Key = wanted.Key, Cursor = from[0].Cursor ?? "", Delivery = wanted.Delivery }, caller.Subscribing(), token)
                .SelectEvents((change, _) => new OverviewEvent { User = change }, token),
            token => orders.SubscribeAsync(new() { Key = wanted.Key, Cursor = from[1].Cursor ?? "", Delivery = wanted.Delivery }, caller.Subscribing(), token)
                .SelectEvents((change, _) => new OverviewEvent { Order = change }, token),
        ],
        together,
        cancellationToken);

    private static EventCauses? Causes(ReceivedEvents<OverviewEvent> events, List<int> news)
    {
        if (events.Causes is not { } all)
            return null;
        var causes = news.Select((from, to) => new EventCause { Index = (uint)to, TraceContext = all.Of(from) }).Where(cause => !cause.TraceContext.IsEmpty).ToList();
        return causes.Count == 0 ? null : new EventCauses { Causes = { causes } };
    }

    private static ReadOnlyMemory<byte> Encode(OverviewEvent change) => change.ToByteArray();
}

/// <summary>The versions of what the last snapshot shows.</summary>
internal sealed class ShownVersions
{
    private readonly Dictionary<string, long> orders = [];
    private long user;

    /// <summary>In position of what was shown before.</summary>
    public void Show(Overview snapshot)
    {
        user = snapshot.User.Version;
        orders.Clear();
        foreach (var order in snapshot.Orders.Orders)
            orders[order.OrderId] = order.Version;
    }

    /// <summary>Which of the changes are not in the snapshot.</summary>
    public List<int> News(ReceivedEvents<OverviewEvent> changes) => [.. Enumerable.Range(0, changes.Events.Count).Where(i => IsNew(changes.Events[i]))];

    /// <summary>Whether the change is not in the snapshot.</summary>
    private bool IsNew(OverviewEvent change) => change.EventCase == OverviewEvent.EventOneofCase.User
        ? change.User.User.Version > user
        : !orders.TryGetValue(change.Order.Order.OrderId, out var version) || change.Order.Order.Version > version;
}
