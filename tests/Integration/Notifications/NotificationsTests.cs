using Grpc.Core;
using Microservices.Hosting;
using Microservices.Notifications;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using NotificationsClient = Microservices.Notifications.V1.NotificationsService.NotificationsServiceClient;

namespace Microservices.Tests.Integration.Notifications;

public abstract class NotificationsTests(Inboxes inboxes)
{
    // Null where the database is not to be had, and then every test is skipped.
    private readonly NotificationsClient notifications = inboxes.Client;

    private async Task<string> NewUserAsync() => (await inboxes.NewUserAsync()).UserId;

    [SkippableFact]
    public async Task Every_change_of_an_order_is_one_notification_of_its_user_newest_first()
    {
        var user = await NewUserAsync();
        var placed = (await inboxes.Orders.PlaceOrderAsync(Backends.AnOrder(user))).Order;
        var paid = (await inboxes.Orders.AdvanceOrderAsync(new() { OrderId = placed.OrderId, State = OrderState.Paid })).Order;
        var cancelled = (await inboxes.Orders.CancelOrderAsync(new() { OrderId = placed.OrderId })).Order;

        var inbox = await inboxes.InboxAsync(user, all => all.Count >= 3);

        Assert.Equal([OrderEventKind.Cancelled, OrderEventKind.Advanced, OrderEventKind.Placed], inbox.Select(n => n.Kind));
        Assert.Equal([(cancelled.Version, cancelled.State), (paid.Version, paid.State), (placed.Version, placed.State)], inbox.Select(n => (n.OrderVersion, n.OrderState)));
        Assert.Equal([cancelled.UpdateTime, paid.UpdateTime, placed.UpdateTime], inbox.Select(n => n.EventTime));
        Assert.All(inbox, n => Assert.Equal((user, placed.OrderId, null), (n.UserId, n.OrderId, n.ReadTime)));
    }

    [SkippableFact]
    public async Task Pages_have_every_notification_of_a_user_once_and_count_the_unread()
    {
        var (user, other) = (await NewUserAsync(), await NewUserAsync());
        await inboxes.NotifiedAsync(other);
        for (var i = 0; i < 7; i++)
            await inboxes.NotifiedAsync(user);
        var all = await inboxes.InboxAsync(user, found => found.Count == 7);
        await notifications.MarkReadAsync(new() { UserId = user, NotificationIds = { all[0].NotificationId, all[3].NotificationId } });

        Assert.Equal(all.Select(n => n.NotificationId), await ListedAsync(user, unreadOnly: false));
        Assert.Equal(all.Where((_, i) => i is not (0 or 3)).Select(n => n.NotificationId), await ListedAsync(user, unreadOnly: true));
        Assert.Equal(5, (await notifications.ListNotificationsAsync(new() { UserId = user, PageSize = 1 })).UnreadCount);
        Assert.Empty((await notifications.ListNotificationsAsync(new() { UserId = "nobody" })).Notifications);
    }

    [SkippableFact]
    public async Task Marking_twice_changes_nothing_and_tells_nothing()
    {
        var user = await NewUserAsync();
        var (first, second) = (await inboxes.NotifiedAsync(user), await inboxes.NotifiedAsync(user));

        var once = await notifications.MarkReadAsync(new() { UserId = user, NotificationIds = { second.NotificationId } });
        var again = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
            (await notifications.MarkReadAsync(new() { UserId = user, NotificationIds = { first.NotificationId, second.NotificationId } })).Notifications));

        Assert.NotNull(Assert.Single(once.Notifications).ReadTime);
        Assert.All(again, answer => Assert.Equal([first.NotificationId, second.NotificationId], answer.Select(n => n.NotificationId)));
        Assert.All(again, answer => Assert.Equal(once.Notifications[0], answer[1]));
        Assert.Single(again.Select(answer => answer[0].ReadTime).Distinct());
        var events = await EventsAsync(user, 4);
        Assert.Equal([NotificationEventKind.Created, NotificationEventKind.Created, NotificationEventKind.Read, NotificationEventKind.Read], events.Select(e => e.Kind));
        Assert.Equal(again[0][0], events[3].Notification);
    }

    [SkippableFact]
    public async Task Nothing_is_marked_when_one_is_missing_or_anothers()
    {
        var (user, other) = (await NewUserAsync(), await NewUserAsync());
        var (mine, theirs) = (await inboxes.NotifiedAsync(user), await inboxes.NotifiedAsync(other));

        foreach (var wrong in new[] { theirs.NotificationId, Guid.CreateVersion7().ToString() })
        {
            var error = await Errors.FailsAsync(StatusCode.NotFound, notifications.MarkReadAsync(new() { UserId = user, NotificationIds = { mine.NotificationId, wrong } }));
            Assert.Equal("NOT_FOUND", error.Reason());
            Assert.Equal(wrong, error.GetDetail<Google.Rpc.ResourceInfo>().ResourceName);
        }

        Assert.Equal(1, (await notifications.ListNotificationsAsync(new() { UserId = user })).UnreadCount);
        Assert.Equal(1, (await notifications.ListNotificationsAsync(new() { UserId = other })).UnreadCount);
    }

    public static TheoryData<string, MarkReadRequest> BadMarks => new()
    {
        { "user_id", new() { NotificationIds = { "a" } } },
        { "user_id", new() { UserId = "no id", NotificationIds = { "a" } } },
        { "notification_ids", new() { UserId = "ada" } },
        { "notification_ids", new() { UserId = "ada", NotificationIds = { Enumerable.Range(0, 501).Select(i => $"n{i}") } } },
        { "notification_ids[1]", new() { UserId = "ada", NotificationIds = { "a", "" } } },
        { "notification_ids[2]", new() { UserId = "ada", NotificationIds = { "a", "b", "a" } } },
    };

    [SkippableTheory]
    [MemberData(nameof(BadMarks))]
    public async Task A_bad_mark_is_refused_by_the_name_of_its_field(string field, MarkReadRequest request) =>
        Assert.Equal([field], (await Errors.FailsAsync(StatusCode.InvalidArgument, notifications.MarkReadAsync(request))).Fields());

    public static TheoryData<string, ListNotificationsRequest> BadLists => new()
    {
        { "user_id", new() },
        { "page_size", new() { UserId = "ada", PageSize = -1 } },
        { "page_token", new() { UserId = "ada", PageToken = "made-up" } },
    };

    [SkippableTheory]
    [MemberData(nameof(BadLists))]
    public async Task A_bad_list_is_refused_by_the_name_of_its_field(string field, ListNotificationsRequest request) =>
        Assert.Equal([field], (await Errors.FailsAsync(StatusCode.InvalidArgument, notifications.ListNotificationsAsync(request))).Fields());

    [SkippableFact]
    public async Task A_page_token_is_of_one_list()
    {
        var user = await NewUserAsync();
        await inboxes.NotifiedAsync(user);
        await inboxes.NotifiedAsync(user);
        var token = (await notifications.ListNotificationsAsync(new() { UserId = user, PageSize = 1 })).NextPageToken;

        foreach (var other in new ListNotificationsRequest[] { new() { UserId = user, UnreadOnly = true, PageToken = token }, new() { UserId = "ada", PageToken = token } })
            Assert.Equal(["page_token"], (await Errors.FailsAsync(StatusCode.InvalidArgument, notifications.ListNotificationsAsync(other))).Fields());
    }

    [SkippableFact]
    public async Task A_watcher_gets_the_unread_oldest_first_and_then_what_changes()
    {
        var user = await NewUserAsync();
        var read = await inboxes.NotifiedAsync(user);
        var unread = new[] { await inboxes.NotifiedAsync(user), await inboxes.NotifiedAsync(user) };
        await notifications.MarkReadAsync(new() { UserId = user, NotificationIds = { read.NotificationId } });

        using var stream = notifications.WatchNotifications();
        await stream.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = 1, Key = user, Snapshot = true } });
        Assert.NotNull((await stream.NextAsync()).Subscribed);
        var snapshot = new List<NotificationEvent>();
        for (WatchNotificationsEvents? batch = null; batch is null or { Cursor: "" }; snapshot.AddRange(batch.Events))
            batch = (await stream.NextAsync()).Events;
        Assert.Equal(unread.Select(n => n.NotificationId).Order(StringComparer.Ordinal), snapshot.Select(e => e.Notification.NotificationId));

        var created = await inboxes.NotifiedAsync(user);
        await notifications.MarkReadAsync(new() { UserId = user, NotificationIds = { created.NotificationId } });
        var changes = new List<NotificationEvent>();
        while (changes.Count < 2)
            changes.AddRange((await stream.NextAsync()).Events.Events);
        Assert.Equal([(NotificationEventKind.Created, created.NotificationId), (NotificationEventKind.Read, created.NotificationId)], changes.Select(e => (e.Kind, e.Notification.NotificationId)));
        Assert.Null(changes[0].Notification.ReadTime);
        Assert.NotNull(changes[1].Notification.ReadTime);
    }

    [SkippableFact]
    public async Task What_is_past_its_retention_is_deleted_and_the_rest_is_kept()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero));
        var (old, user) = (time.GetUtcNow() - TimeSpan.FromDays(91), await NewUserAsync());
        await inboxes.Host.Database().WriteAsync(context =>
        {
            // More than go at once.
            for (var i = 0; i < 2_001; i++)
                context.Add(ANotification(user, $"{user}-{i}", old));
            context.Add(ANotification(user, $"{user}-new", time.GetUtcNow()));
            return Task.FromResult(0);
        }, default);

        using var cleaner = new InboxCleaner(inboxes.Host.Database(), Options.Create(new NotificationsOptions()), time, NullLogger<InboxCleaner>.Instance);
        await cleaner.StartAsync(default);
        await Eventually.UntilAsync(
            async () =>
            {
                // Again and again: it starts to wait for the hour at a time of its own.
                time.Advance(TimeSpan.FromHours(1));
                return await CountAsync(user) == 1;
            },
            "the old are gone");

        Assert.Equal([$"{user}-new"], (await inboxes.InboxAsync(user, _ => true)).Select(n => n.OrderId));
        await cleaner.StopAsync(default);
    }

    private static Microservices.Notifications.Notification ANotification(string userId, string orderId, DateTimeOffset time) => new()
    {
        NotificationId = Guid.CreateVersion7(time).ToString(),
        UserId = userId,
        Partition = KeyedTopics.PartitionOf(userId),
        Kind = OrderEventKind.Placed,
        OrderId = orderId,
        OrderVersion = 1,
        OrderState = OrderState.Placed,
        EventTime = time,
        CreateTime = time,
    };

    [SkippableFact]
    public async Task A_page_token_that_was_made_up_or_written_otherwise_is_refused_whatever_is_in_it()
    {
        string[] positions = ["", " ", "no id", "a\0b", "no/id", "\uD83D\uDE00", new string('a', 65)];
        var good = PageToken.Encode("notifications/ada/all", "n1");
        await notifications.ListNotificationsAsync(new ListNotificationsRequest { UserId = "ada", PageToken = good });
        foreach (var token in positions.Select(position => PageToken.Encode("notifications/ada/all", position)).Concat([good + "=", good + " ", " " + good, good.Insert(3, "\n")]))
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => notifications.ListNotificationsAsync(new ListNotificationsRequest { UserId = "ada", PageToken = token }).ResponseAsync);
            Assert.Equal((StatusCode.InvalidArgument, "page_token"), (refused.StatusCode, refused.GetRpcStatus()!.Fields().Single()));
        }
    }

    private Task<int> CountAsync(string userId) =>
        inboxes.Host.Database().ReadAsync(context => context.Notifications.CountAsync(n => n.UserId == userId), default);

    private async Task<List<string>> ListedAsync(string userId, bool unreadOnly)
    {
        var (listed, request) = (new List<string>(), new ListNotificationsRequest { UserId = userId, PageSize = 2, UnreadOnly = unreadOnly });
        do
        {
            var page = await notifications.ListNotificationsAsync(request);
            listed.AddRange(page.Notifications.Select(n => n.NotificationId));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return listed;
    }

    private async Task<List<NotificationEvent>> EventsAsync(string userId, int count)
    {
        using var stream = notifications.WatchNotifications();
        await stream.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = 1, Key = userId, FromEarliest = true } });
        var events = new List<NotificationEvent>();
        while (events.Count < count)
        {
            var frame = await stream.NextAsync();
            Assert.Null(frame.Failed);
            events.AddRange(frame.Events?.Events ?? []);
        }

        return events;
    }
}

public sealed class NotificationsOnSqliteTests(Inboxes inboxes) : NotificationsTests(inboxes), IClassFixture<Inboxes>;

public sealed class NotificationsOnPostgresTests(PostgresInboxes inboxes) : NotificationsTests(inboxes.OrSkip()), IClassFixture<PostgresInboxes>;
