using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrderEvent = Microservices.Orders.V1.OrderEvent;

namespace Microservices.Tests.Integration.Operations;

/// <summary>What operators see of the topics of a service, and of the events in one.</summary>
public sealed class TopicsServiceTests(OperatedHosts hosts) : IClassFixture<OperatedHosts>
{
    private readonly string ada = $"ada-{Guid.NewGuid():N}";

    private string Topic => $"orders/user/{ada}";

    private TopicsService.TopicsServiceClient Topics => new(hosts.OrdersHost.Channel);

    [Fact]
    public async Task Topics_are_listed_by_name_page_by_page_with_their_ends_and_readers()
    {
        for (var i = 0; i < 5; i++)
            await hosts.CommitAsync($"{ada}-{i}", 1, 10 + i);
        await hosts.CommitAsync(ada, 1, 3);
        using var watch = Watch(new() { Topic = $"{Topic}-1" });
        await watch.NextAsync();

        var topics = new List<Topic>();
        var request = new ListTopicsRequest { Prefix = $"{Topic}-", PageSize = 2 };
        do
        {
            var page = await Topics.ListTopicsAsync(request);
            Assert.InRange(page.Topics.Count, 1, 2);
            topics.AddRange(page.Topics);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"{Topic}-{i}"), topics.Select(topic => topic.Topic_));
        Assert.Equal([10L, 11, 12, 13, 14], topics.Select(topic => topic.Head));
        Assert.Equal([0, 1, 0, 0, 0], topics.Select(topic => topic.Readers));
        Assert.All(topics, topic => Assert.Equal((1L, true), (topic.Tail, topic.Epoch.Length > 0)));
        Assert.Equal(topics[0].UpdateTime.ToDateTime(), DateTime.UtcNow, TimeSpan.FromMinutes(1));
        await Eventually.UntilAsync(async () => (await FindAsync(Topic)) is { LogEvents: 3, LogBytes: > 100 }, "the log has them");
    }

    [Fact]
    public async Task What_the_topic_had_is_shown_whole_from_an_offset_a_time_or_a_cursor()
    {
        await hosts.CommitAsync(ada, 1, 230);
        var before = (await FindAsync(Topic)).UpdateTime.ToDateTimeOffset();
        await Eventually.UntilAsync(() => DateTimeOffset.UtcNow - before > TimeSpan.FromMilliseconds(1), "time goes on");
        await hosts.CommitAsync(ada, 231, 20);

        using var all = Watch(new() { Topic = Topic, Offset = 1 });
        await all.UntilAsync(250);
        Assert.Equal(Enumerable.Range(1, 250).Select(i => (long)i), all.Events.Select(e => e.Offset));
        Assert.Equal((0L, 250L), (all.Last.LeftOut, all.Last.Head));

        var e = all.Events[99];
        Assert.Equal(("orders.v1.OrderEvent", "tenth", e.Payload.Length), (e.MessageType, e.Key, e.Size));
        Assert.Equal("100", OrderEvent.Parser.ParseFrom(e.Payload).Order.OrderId);
        Assert.Equal("100", JsonDocument.Parse(e.Json).RootElement.GetProperty("order").GetProperty("orderId").GetString());

        // At another replica, too.
        using var after = new TopicWatcher(hosts.Other.Channel, new() { Topic = Topic, Cursor = all.Events[199].Cursor });
        await after.UntilAsync(250);
        Assert.Equal((201L, 50), (after.Events[0].Offset, after.Events.Count));

        using var since = Watch(new() { Topic = Topic, Time = before.AddMilliseconds(1).ToTimestamp() });
        await since.UntilAsync(250);
        Assert.Equal((231L, 20), (since.Events[0].Offset, since.Events.Count));

        using var tenth = Watch(new() { Topic = Topic, Offset = 1, Key = "tenth" });
        await tenth.UntilAsync(250);
        Assert.Equal((25, 0L), (tenth.Events.Count, tenth.Last.LeftOut));
    }

    [Theory]
    [InlineData("", 600)]
    [InlineData("tenth", 60)]
    public async Task What_comes_faster_than_is_shown_is_counted_exactly(string key, int published)
    {
        await hosts.CommitAsync(ada, 1, 1);
        using var watch = Watch(new() { Topic = Topic, Key = key, MaxEventsPerSecond = 7 });
        await watch.NextAsync();
        Assert.Equal((1L, 0), (watch.Last.Offset, watch.Events.Count));

        await hosts.CommitAsync(ada, 2, 599);
        await hosts.CommitAsync(ada, 601, 1);
        await watch.UntilAsync(601);

        Assert.Equal(published, watch.Events.Count + watch.Last.LeftOut);
        Assert.InRange(watch.Events.Count, 7, published - 1);
        Assert.Equal(watch.Events.Select(e => e.Offset).Order().Distinct(), watch.Events.Select(e => e.Offset));
        Assert.All(watch.Events, e => Assert.Equal(key.Length == 0 ? e.Key : key, e.Key));
    }

    [Fact]
    public async Task A_watcher_that_does_not_read_misses_what_it_is_told_and_delays_nobody()
    {
        await using var host = await hosts.AnotherOrdersAsync(("Operations:MaxTopicEvents", "1000"), ("Operations:MaxTopicBytes", "1048576"), ("Admission:WriteTimeout", "00:05:00"));
        await hosts.CommitAsync(ada, 1, 1);
        using var slow = new TopicWatcher(host.Channel, new() { Topic = Topic });
        await slow.NextAsync();
        using var good = new TopicWatcher(host.Channel, new() { Topic = Topic, Key = "tenth" });
        await good.NextAsync();

        // Several times what the connection takes of a stream that is not read, and slowly enough for the other one to be shown all of its own.
        const int Rounds = 40;
        for (var i = 0; i < Rounds; i++)
        {
            await hosts.CommitAsync(ada, 2 + (100 * i), 100, padding: 2_000);
            await good.UntilAsync(1 + (100 * (i + 1)));
        }

        Assert.Equal((10 * Rounds, 0L), (good.Events.Count, good.Last.LeftOut));
        await slow.UntilAsync(1 + (100 * Rounds));
        Assert.Equal(100 * Rounds, slow.Events.Count + slow.Last.LeftOut);
        Assert.True(slow.Last.LeftOut > 0);
    }

    [Fact]
    public async Task Where_events_are_no_longer_kept_the_watch_says_so_and_goes_on_with_the_oldest_one()
    {
        await hosts.CommitAsync(ada, 1, 20);
        await Eventually.UntilAsync(async () => (await FindAsync(Topic)).LogEvents == 20, "the log has them");
        await ForgetAsync();
        await hosts.CommitAsync(ada, 21, 5);
        await Eventually.UntilAsync(async () => await FindAsync(Topic) is { Tail: 21, LogEvents: 5 }, "the log has those that came later");

        using var watch = Watch(new() { Topic = Topic, Offset = 3 });
        await watch.UntilAsync(25);
        Assert.Equal([TopicResetReason.Truncated], watch.Resets);
        Assert.Equal([21L, 22, 23, 24, 25], watch.Events.Select(e => e.Offset));
    }

    [Fact]
    public async Task Persons_watch_in_a_bounded_number_each_and_the_process_ends_watches_when_it_leaves()
    {
        await hosts.CommitAsync(ada, 1, 1);
        await using var host = await hosts.AnotherOrdersAsync(("Operations:MaxWatchersPerPerson", "2"));
        using var grace = Tokens.Channel(host.Grpc, Tokens.Authority.Operator("grace"));
        using var first = new TopicWatcher(grace, new() { Topic = Topic });
        using var second = new TopicWatcher(grace, new() { Topic = Topic });
        await first.NextAsync();
        await second.NextAsync();
        using var third = new TopicWatcher(grace, new() { Topic = Topic });
        var refused = await Assert.ThrowsAsync<RpcException>(third.NextAsync);
        Assert.Equal((StatusCode.ResourceExhausted, "TOO_MANY_WATCHERS"), (refused.StatusCode, refused.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason));

        // Another one's are not counted with them, and neither are those of a service.
        using var other = new TopicWatcher(host.Channel, new() { Topic = Topic });
        await other.NextAsync();
        first.Dispose();
        await Eventually.UntilAsync(async () =>
        {
            using var next = new TopicWatcher(grace, new() { Topic = Topic });
            return await Record.ExceptionAsync(next.NextAsync) is null;
        }, "there is room again");

        var stopping = host.DisposeAsync();
        var ended = await Assert.ThrowsAsync<RpcException>(() => second.UntilAsync(() => false));
        Assert.Equal((StatusCode.Unavailable, "DRAINING"), (ended.StatusCode, ended.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason));
        await stopping;
    }

    [Fact]
    public async Task What_cannot_be_is_refused_and_the_field_is_named()
    {
        await hosts.CommitAsync(ada, 1, 4);
        await RefusedAsync("topic", new());
        await RefusedAsync("topic", new() { Topic = "no spaces" });
        await RefusedAsync("key", new() { Topic = Topic, Key = new string('x', 1_025) });
        await RefusedAsync("offset", new() { Topic = Topic, Offset = 0 });
        await RefusedAsync("offset", new() { Topic = Topic, Offset = 6 });
        await RefusedAsync("time", new() { Topic = Topic, Time = new Timestamp { Seconds = long.MaxValue } });
        await RefusedAsync("cursor", new() { Topic = Topic, Cursor = "x" });
        await RefusedAsync("cursor", new() { Topic = Topic, Cursor = Microservices.EventLog.Cursor.At("orders/user/bob", "e", 1).ToString() });
        await RefusedAsync("max_events_per_second", new() { Topic = Topic, MaxEventsPerSecond = -1 });
        using var missing = Watch(new() { Topic = $"{Topic}-x" });
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(missing.NextAsync)).StatusCode);
        using var next = Watch(new() { Topic = Topic, Offset = 5 });
        await next.NextAsync();

        foreach (var (field, request) in new (string, ListTopicsRequest)[] { ("prefix", new() { Prefix = "%" }), ("page_size", new() { PageSize = -1 }), ("page_token", new() { PageToken = "x" }) })
            Assert.Equal(field, FieldOf(await Assert.ThrowsAsync<RpcException>(async () => await Topics.ListTopicsAsync(request))));

        async Task RefusedAsync(string field, WatchTopicRequest request)
        {
            using var watch = Watch(request);
            Assert.Equal(field, FieldOf(await Assert.ThrowsAsync<RpcException>(watch.NextAsync)));
        }
    }

    private static string FieldOf(RpcException refused) => Assert.Single(refused.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations).Field;

    private TopicWatcher Watch(WatchTopicRequest request) => new(hosts.OrdersHost.Channel, request);

    private async Task<Topic> FindAsync(string topic) => (await Topics.ListTopicsAsync(new ListTopicsRequest { Prefix = topic, PageSize = 1 })).Topics[0];

    /// <summary>Neither the database nor the log has the topic's events any more.</summary>
    private async Task ForgetAsync()
    {
        await hosts.OrdersHost.Services.GetRequiredService<Database<OrdersDbContext>>().WriteAsync(
            orders => orders.OutboxEvents.Where(e => e.Topic == Topic).ExecuteDeleteAsync(), CancellationToken.None);
        await hosts.ForgetAsync(Topic);
    }
}
