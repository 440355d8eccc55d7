using System.Runtime.CompilerServices;
using Microservices.Notifications;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Notifications;

/// <summary>How replicas share the partitions that they consume, and what keeps it done once.</summary>
public abstract class PartitionConsumerTests(Inboxes inboxes)
{
    private const string Consumer = "orders";
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    [SkippableFact]
    public async Task A_replica_that_joins_gets_half_and_gives_it_back_when_it_stops()
    {
        var database = inboxes.Host.Database();
        await Eventually.UntilAsync(async () => await SharesAsync(database) is [16], "one has all");

        await using (var joined = await inboxes.AnotherAsync())
        {
            await Eventually.UntilAsync(async () => await SharesAsync(database) is [8, 8], "each has half");
            var users = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => inboxes.NewUserAsync()));
            foreach (var user in users)
                await inboxes.NotifiedAsync(user.UserId);
        }

        // It gave its own up: they are free or taken, not left to expire.
        Assert.True((await OwnersAsync(database)).Where(owner => owner.Length > 0).Distinct().Count() == 1);
        Assert.Single(await database.ReadAsync(context => context.Set<ConsumerReplica>().ToListAsync(), default));
        await Eventually.UntilAsync(async () => await SharesAsync(database) is [16], "one has all again");
    }

    [SkippableFact]
    public async Task The_partitions_of_a_replica_that_dies_are_taken_over_and_its_events_come_once()
    {
        var database = inboxes.Host.Database();
        var leases = new PartitionLeases<NotificationsDbContext>(Consumer, database);
        // Says that it lives until it has its half, does nothing with it, and is never heard of again.
        await Eventually.UntilAsync(async () => (await leases.BalanceAsync("doomed", Lease, default)).Owned.Count == 8, "it has its half");

        var users = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => inboxes.NewUserAsync()));
        foreach (var user in users)
            await inboxes.Orders.PlaceOrderAsync(Backends.AnOrder(user.UserId));

        foreach (var user in users)
            Assert.Single(await inboxes.InboxAsync(user.UserId, inbox => inbox.Count > 0));
        await Eventually.UntilAsync(async () => await SharesAsync(database) is [16], "the other has all");
    }

    /// <summary>As a process leaves them that died with a clock that was fast.</summary>
    [SkippableFact]
    public async Task Leases_that_end_further_ahead_than_a_lease_lasts_are_taken_over_at_once_and_their_replica_is_not_counted()
    {
        var database = inboxes.Host.Database();
        var user = await inboxes.NewUserAsync();
        await database.WriteAsync(async context =>
        {
            var ahead = await context.ReadClockAsync(default) + (long)TimeSpan.FromMinutes(10).TotalMilliseconds;
            context.Add(new ConsumerReplica { Consumer = Consumer, Replica = "fast", ExpiresAtMs = ahead });
            return await context.Set<PartitionLease>().Where(l => l.Consumer == Consumer).ExecuteUpdateAsync(s => s.SetProperty(l => l.Owner, "fast").SetProperty(l => l.ExpiresAtMs, ahead));
        }, default);

        await inboxes.Orders.PlaceOrderAsync(Backends.AnOrder(user.UserId));

        Assert.Single(await inboxes.InboxAsync(user.UserId, inbox => inbox.Count > 0));
        await Eventually.UntilAsync(async () => await SharesAsync(database) is [16], "one has all again");
        await Eventually.UntilAsync(async () => await database.ReadAsync(context => context.Set<ConsumerReplica>().CountAsync(), default) == 1, "the dead one is not counted");
    }

    [SkippableFact]
    public async Task Replicas_that_believe_to_own_the_same_partition_write_each_event_once()
    {
        var database = inboxes.Host.Database();
        var positions = new PartitionPositions<NotificationsDbContext>("raced", database);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            var written = 0;
            for (var cursor = await positions.ReadAsync(0, default); cursor != "50"; cursor = await positions.ReadAsync(0, default))
            {
                var next = cursor.Length == 0 ? 1 : int.Parse(cursor, System.Globalization.CultureInfo.InvariantCulture) + 1;
                written += await positions.MoveAsync(0, cursor, $"{next}", context => Task.FromResult(TellRaced(context, next)), default) ?? 0;
            }

            return written;
        })));

        var told = await database.ReadAsync(context => context.OutboxEvents.Where(e => e.Topic == "raced").OrderBy(e => e.Offset).Select(e => e.Key).ToListAsync(), default);
        Assert.Equal(Enumerable.Range(1, 50).Select(i => $"{i}"), told);
        Assert.Equal(50, outcomes.Sum());

        static int TellRaced(NotificationsDbContext context, int number)
        {
            context.AddEvent(["raced"], $"{number}", new NotificationEvent { Notification = new() });
            return 1;
        }
    }

    [SkippableFact]
    public async Task What_is_dealt_with_some_events_at_a_time_is_committed_so_and_the_position_moves_with_the_last_of_them()
    {
        var database = inboxes.Host.Database();
        var positions = new PartitionPositions<NotificationsDbContext>("paged", database);
        using var done = new CancellationTokenSource();
        var paged = new TwoAtATime(positions);
        var consumer = ActivatorUtilities.CreateInstance<PartitionConsumer<NotificationsDbContext, OrderEvent>>(inboxes.Host.Services, "paged", positions, paged, new OneBatch(5, done));

        await consumer.RunAsync(0, done.Token);

        // Its second page failed once: it begins again at the batch's first event.
        Assert.Equal(["5 at ''", "3 at ''", "5 at ''", "3 at ''", "1 at ''"], paged.Pages);
        Assert.Equal("five", await positions.ReadAsync(0, default));
        Assert.Equal(["1", "2", "1", "2", "3", "4", "5"], await database.ReadAsync(context => context.OutboxEvents.Where(e => e.Topic == "paged").OrderBy(e => e.Offset).Select(e => e.Key).ToListAsync(), default));
    }

    [SkippableFact]
    public async Task Events_that_come_again_after_a_reset_are_in_the_inbox_once()
    {
        var user = (await inboxes.NewUserAsync()).UserId;
        var before = await inboxes.NotifiedAsync(user);
        var handler = new WriteInbox(TimeProvider.System);
        var happened = new OrderEvent
        {
            Kind = before.Kind,
            Order = new Order { OrderId = before.OrderId, UserId = user, Version = before.OrderVersion, State = before.OrderState },
            Time = before.EventTime,
        };
        var paid = happened.Clone();
        (paid.Kind, paid.Order.Version, paid.Order.State) = (OrderEventKind.Advanced, 2, OrderState.Paid);

        var handled = await inboxes.Host.Database().WriteAsync(context => handler.HandleAsync(context, [happened, paid, paid], default), default);

        Assert.Equal(new HandledEvents(3, 1), handled);
        var inbox = await inboxes.InboxAsync(user, all => all.Count > 1);
        Assert.Equal([2, 1], inbox.Select(n => n.OrderVersion));
        Assert.Equal(before, inbox[1]);
    }

    [SkippableFact]
    public async Task An_order_that_was_placed_before_there_was_an_inbox_is_in_it()
    {
        var user = (await inboxes.NewUserAsync()).UserId;
        var order = (await inboxes.Orders.PlaceOrderAsync(Backends.AnOrder(user))).Order;

        // A Redis of its own: two databases must not tell of the same topics in one log.
        using var redis = new EmbeddedGarnet();
        await using var late = await inboxes.AnotherAsync("late", ("ConnectionStrings:Redis", redis.ConnectionString));

        var inbox = await inboxes.InboxAsync(user, all => all.Count > 0, new(late.Channel));
        Assert.Equal(order.OrderId, Assert.Single(inbox).OrderId);
    }

    [SkippableFact]
    public async Task What_is_dealt_with_is_measured_without_ids()
    {
        var user = (await inboxes.NewUserAsync()).UserId;
        await inboxes.NotifiedAsync(user);
        using var http = new HttpClient();

        var metrics = await http.GetStringAsync(new Uri($"{inboxes.Host.Management}/metrics"));

        foreach (var name in new[] { "consumer_partitions_owned", "consumer_events", "consumer_rows", "consumer_lag_seconds_bucket" })
            Assert.Matches($"(?m)^{name}[a-z_]*{{[^}}]*consumer=\"orders\"", metrics);
        Assert.DoesNotContain(user, metrics, StringComparison.Ordinal);
    }

    /// <summary>Tells of two events in each transaction; its second one fails.</summary>
    private sealed class TwoAtATime(PartitionPositions<NotificationsDbContext> positions) : IPartitionHandler<NotificationsDbContext, OrderEvent>
    {
        public List<string> Pages { get; } = [];

        public DateTimeOffset TimeOf(OrderEvent happened) => DateTimeOffset.UnixEpoch;

        public async Task<HandledEvents> HandleAsync(NotificationsDbContext context, IReadOnlyList<OrderEvent> events, CancellationToken cancellationToken)
        {
            Pages.Add($"{events.Count} at '{await positions.ReadAsync(0, CancellationToken.None)}'");
            foreach (var happened in events.Take(2))
                context.AddEvent(["paged"], happened.Order.OrderId, new NotificationEvent { Notification = new() });
            if (Pages.Count == 2)
                throw new InvalidOperationException("It fails once.");
            var handled = Math.Min(2, events.Count);
            return new(handled, handled);
        }
    }

    /// <summary>A stream with one batch, whose end is told when it was dealt with.</summary>
    private sealed class OneBatch(int count, CancellationTokenSource done) : EventStreamClient<OrderEvent>
    {
        public override async IAsyncEnumerable<ReceivedItem<OrderEvent>> SubscribeAsync(
            Subscription subscription, SubscribingCaller caller, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            yield return new ReceivedEvents<OrderEvent>([.. Enumerable.Range(1, count).Select(i => new OrderEvent { Order = new Order { OrderId = $"{i}" } })], "five", Snapshot: false);
            // Asking for the next is to acknowledge the one before.
            await done.CancelAsync();
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private static Task<List<string>> OwnersAsync(Database<NotificationsDbContext> database) =>
        database.ReadAsync(context => context.Set<PartitionLease>().Where(l => l.Consumer == Consumer).Select(l => l.Owner).ToListAsync(), default);

    private static async Task<int[]> SharesAsync(Database<NotificationsDbContext> database) =>
        [.. (await OwnersAsync(database)).Where(owner => owner.Length > 0).GroupBy(owner => owner).Select(group => group.Count()).Order()];
}

public sealed class PartitionConsumerOnSqliteTests(Inboxes inboxes) : PartitionConsumerTests(inboxes), IClassFixture<Inboxes>;

public sealed class PartitionConsumerOnPostgresTests(PostgresInboxes inboxes) : PartitionConsumerTests(inboxes.OrSkip()), IClassFixture<PostgresInboxes>;
