using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>A log that lost events, or has others than the database, is mended.</summary>
public abstract class OutboxRepairTests(SharedServers servers, PostgresDatabases? postgres = null) : OutboxTestBase(servers, postgres)
{
    [SkippableTheory]
    [OnGarnet]
    [OnRedis]
    public async Task A_flushed_Redis_is_refilled_although_nothing_happens(Server on)
    {
        var process = await StartAsync(on);
        var topics = Enumerable.Range(0, 100).Select(_ => Events.NewTopic()).ToArray();
        for (var i = 0; i < 5; i++)
            await process.CommitAsync(i, topics);
        foreach (var topic in topics)
            await UntilLogHasAsync(process, topic, 5);

        await using (var raw = await ConnectionMultiplexer.ConnectAsync(await Servers.ConnectionStringAsync(on) + ",allowAdmin=true"))
            await raw.GetDatabase().ExecuteAsync("FLUSHALL");

        foreach (var topic in topics)
            await UntilLogHasAsync(process, topic, 5);
    }

    [SkippableTheory]
    [OnGarnet]
    [OnRedis]
    public async Task A_rewound_log_is_continued_from_where_it_ends(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();
        for (var i = 0; i < 10; i++)
            await process.CommitAsync(i, topic);
        await UntilLogHasAsync(process, topic, 10);
        var page = (await process.History.ReadAsync(topic, 0, 4, default))!;

        // As a promoted replica that lacks the last writes: the relay may be quicker, and then sees repeats only.
        await using (var raw = await ConnectionMultiplexer.ConnectAsync(await Servers.ConnectionStringAsync(on) + ",allowAdmin=true"))
            await raw.GetDatabase().ExecuteAsync("FLUSHALL");
        await process.Log.AppendAsync([.. page.Events.Select(e => NewEvent.Durable(topic, page.Epoch, e.Offset, e.Payload, e.Key))]);

        await UntilLogHasAsync(process, topic, 10);
        Assert.Equal(Enumerable.Range(0, 10).Select(n => (long)n), (await process.ReadLogAsync(topic)).Select(OutboxProcess.Number));
    }

    [SkippableTheory]
    [OnGarnet]
    [OnRedis]
    public async Task A_log_that_is_ahead_of_a_restored_database_begins_anew(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();
        for (var i = 0; i < 3; i++)
            await process.CommitAsync(i, topic);
        await UntilLogHasAsync(process, topic, 3);
        var epoch = (await process.History.ReadAsync(topic, 0, 1, default))!.Epoch;

        await process.Log.AppendAsync(NewEvent.Durable(topic, epoch, 4, Google.Protobuf.MessageExtensions.ToByteArray(new Int64Value { Value = 99 })));

        await Eventually.UntilAsync(async () => (await process.ReadLogAsync(topic)) is { Count: 3 } log && log.All(e => e.Epoch != epoch), "the log has a new epoch");
        Assert.Equal([0, 1, 2], (await process.ReadLogAsync(topic)).Select(OutboxProcess.Number));
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_sweep_compares_every_topic_once_page_by_page_and_comes_again_when_it_is_time(Server on)
    {
        const int Topics = (2 * OutboxCheck<OrdersDbContext>.PageTopics) + 10;
        var process = await StartAsync(on);
        await process.StopRelayAsync();
        var topics = Enumerable.Range(0, Topics).Select(i => $"test/{i:000}").ToArray();
        await process.CommitAsync(1, topics);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var log = new AskedLog();
        var check = new OutboxCheck<OrdersDbContext>(
            process.Store, log, new(process.Store, log), Options.Create(new OutboxOptions { CheckInterval = TimeSpan.FromHours(1), SweepInterval = TimeSpan.FromHours(2) }), time);

        Assert.True(check.IsDue);
        await RunAsync(OutboxCheck<OrdersDbContext>.RecentTopics, stillSweeping: true);
        log.Asked.Clear();
        await RunAsync(OutboxCheck<OrdersDbContext>.PageTopics, stillSweeping: true);
        await RunAsync(OutboxCheck<OrdersDbContext>.PageTopics, stillSweeping: true);
        await RunAsync(10, stillSweeping: false);
        Assert.Equal(topics, log.Asked.Order(StringComparer.Ordinal));
        Assert.False(check.IsDue);

        // The most recent ones alone.
        time.Advance(TimeSpan.FromHours(1));
        Assert.True(check.IsDue);
        await RunAsync(0, stillSweeping: false);
        time.Advance(TimeSpan.FromHours(1));
        await RunAsync(0, stillSweeping: true);

        // Another replica sees to it.
        check.Skip();
        Assert.False(check.Sweeping || check.IsDue);

        async Task RunAsync(int asked, bool stillSweeping)
        {
            var before = log.Asked.Count;
            await check.RunAsync(default);
            Assert.Equal((asked, stillSweeping), (log.Asked.Count - before, check.Sweeping));
        }
    }

    /// <summary>A log that has what it is asked for, and keeps it for ten minutes.</summary>
    private sealed class AskedLog : IEventAppender
    {
        public List<string> Asked { get; } = [];

        public int MaxEvents => 500;

        public TimeSpan MaxAge => TimeSpan.FromMinutes(10);

        public Task<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<NewEvent> events, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<TopicHead>> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
        {
            Asked.AddRange(topics);
            return Task.FromResult<IReadOnlyList<TopicHead>>([.. topics.Select(topic => new TopicHead(topic, "", 0))]);
        }
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_relay_that_was_slow_does_not_bring_back_a_numbering_that_another_has_ended(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();
        // Of long ago and without events, so that this process's own relay has nothing to do with it.
        await process.Database.WriteAsync(orders => Task.FromResult(orders.OutboxTopics.Add(
            new OutboxTopic { Topic = topic, Epoch = "one", LastOffset = 5, RelayedOffset = 5, UpdatedAtMs = 0 }).State), default);
        var read = await ReadAsync();

        await MoveAsync(new(read, 5, "another"));
        await MoveAsync(new(read, 3));
        await MoveAsync(new(read, 2, "late"));
        Assert.Equal(("another", 5), await MarkAsync());

        await MoveAsync(new(await ReadAsync(), 3));
        await MoveAsync(new(await ReadAsync(), 2, "next"));
        Assert.Equal(("next", 2), await MarkAsync());

        Task MoveAsync(OutboxMark mark) => process.Store.MoveAsync([mark], default);

        async Task<(string Epoch, long Relayed)> MarkAsync()
        {
            var mark = await ReadAsync();
            return (mark.Epoch, mark.RelayedOffset);
        }

        async Task<OutboxTopic> ReadAsync() => Assert.Single(await process.Store.ReadTopicsAsync([topic], default)).Topic;
    }
}

[Collection(nameof(OutboxOnSqlite))]
public sealed class OutboxRepairOnSqliteTests(SharedServers servers) : OutboxRepairTests(servers);

[Collection(nameof(OutboxOnPostgres))]
public sealed class OutboxRepairOnPostgresTests(SharedServers servers, PostgresDatabases postgres) : OutboxRepairTests(servers, postgres);
