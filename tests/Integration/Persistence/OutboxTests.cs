using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>What the outbox promises, on one kind of database and on each kind of Redis. Every test has a database of its own.</summary>
public abstract class OutboxTests(SharedServers servers) : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> started = [];
    private readonly string directory = Directory.CreateTempSubdirectory("outbox-").FullName;
    private string? database;

    private protected string Folder => directory;

    protected abstract Task<string> NewDatabaseAsync();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        started.Reverse();
        foreach (var disposable in started)
            await disposable.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_change_and_its_event_are_committed_together_or_not_at_all(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();

        await Assert.ThrowsAsync<InvalidOperationException>(() => process.Database.WriteAsync<int>(orders =>
        {
            Change(orders, "failed", topic);
            throw new InvalidOperationException();
        }, default));
        var once = new CancelOrderRequest { OrderId = "once" };
        for (var i = 0; i < 3; i++)
        {
            await process.Database.WriteOnceAsync("test", "key", once, orders =>
            {
                Change(orders, "once", topic);
                return Task.FromResult(new CancelOrderResponse());
            }, DateTimeOffset.UnixEpoch, default);
        }

        // A collision: the change is run again and its event is still one.
        var attempts = 0;
        await process.Database.WriteAsync(orders =>
        {
            Change(orders, "again", topic);
            return ++attempts == 1 ? throw new DbUpdateConcurrencyException() : Task.FromResult(0);
        }, default);

        await UntilLogHasAsync(process, topic, 2);
        Assert.Equal(2, attempts);
        Assert.Equal(2, (await process.History.ReadAsync(topic, 0, 100, default))!.Events.Count);
        Assert.Equal(2, await process.Database.ReadAsync(orders => orders.IdempotencyRecords.CountAsync(r => r.Command == "order"), default));

        static void Change(ServiceDbContext orders, string name, string topic)
        {
            orders.IdempotencyRecords.Add(new IdempotencyRecord { Command = "order", Key = name, RequestHash = [], Response = [], CreatedAt = DateTimeOffset.UnixEpoch });
            orders.AddEvent([topic], name, new StringValue { Value = name });
        }
    }

    [SkippableTheory]
    [OnGarnet]
    [OnRedis]
    public async Task Twenty_writers_make_no_hole_and_no_repeat_and_the_log_has_the_order_of_commits(Server on)
    {
        var one = await StartAsync(on);
        var two = await StartAsync(on);
        string[] topics = [Events.NewTopic(), Events.NewTopic(), Events.NewTopic()];

        // Each names the topics in an order of its own, which would deadlock if they were locked so.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 15; i++)
                await (writer % 2 == 0 ? one : two).CommitAsync((writer * 1000) + i, [.. topics.OrderBy(_ => Random.Shared.Next())]);
        })));

        foreach (var topic in topics)
        {
            await UntilLogHasAsync(one, topic, 300);
            var log = await one.ReadLogAsync(topic);
            Assert.Equal(300, log.Select(OutboxProcess.Number).Distinct().Count());
            Assert.All(log.Select(OutboxProcess.Number).GroupBy(n => n / 1000), writer => Assert.Equal(writer.Order(), writer));
            var rows = (await one.History.ReadAsync(topic, 0, 1000, default))!.Events;
            Assert.Equal(rows.Select(row => (row.Offset, Int64Value.Parser.ParseFrom(row.Payload.Span).Value - 1)), log.Select(e => (e.Offset, OutboxProcess.Number(e))));
        }
    }

    [SkippableTheory]
    [OnGarnet]
    [OnRedis]
    public async Task A_relay_killed_in_the_middle_of_a_batch_leaves_the_log_complete_and_without_repeats(Server on)
    {
        var process = await StartAsync(on, ("Outbox:BatchEvents", "50"));
        var (topic, other) = (Events.NewTopic(), Events.NewTopic());
        var live = await CollectAsync(process, topic);

        for (var round = 0; round < 3; round++)
        {
            process.Appender.BreakAfter(3 + round);
            await process.Database.WriteAsync(orders =>
            {
                for (var i = 0; i < 20; i++)
                    orders.AddEvent([topic, other], "", OutboxProcess.Event(i));
                return Task.FromResult(0);
            }, default);
        }

        await UntilLogHasAsync(process, topic, 60);
        await UntilLogHasAsync(process, other, 60);
        await live.UntilAsync(60);
        Assert.Equal(Numbers(60), live.Offsets);
        Assert.Empty(live.Resets);
    }

    [SkippableTheory]
    [OnGarnet]
    [OnRedis]
    public async Task Two_relays_that_both_believe_to_have_the_lease_repeat_and_reorder_nothing(Server on)
    {
        var one = await StartAsync(on);
        var two = await StartAsync(on);
        var topic = Events.NewTopic();
        var live = await CollectAsync(one, topic);

        var number = 0;
        await Eventually.UntilAsync(async () =>
        {
            // Takes the lease away from who has it, who does not notice for a while.
            await one.Database.WriteAsync(orders => orders.OutboxLeases.ExecuteDeleteAsync(), default);
            for (var i = 0; i < 5; i++)
                await (i % 2 == 0 ? one : two).CommitAsync(number++, topic);
            var both = one.Appender.Calls.Intersect(two.Appender.Calls).Any();
            return (both && number >= 100) || number >= 2_000;
        }, "both relay");

        await live.UntilAsync(number);
        await UntilLogHasAsync(one, topic, number);
        Assert.True(one.Appender.Appended > 0 && two.Appender.Appended > 0);
        Assert.Equal(Numbers(number), live.Offsets);
        Assert.Equal(Enumerable.Range(0, number).Select(n => (long)n), live.Events.Select(OutboxProcess.Number));
        Assert.Empty(live.Resets);
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task Another_replica_relays_when_the_one_that_did_is_gone(Server on)
    {
        var one = await OutboxProcess.StartAsync(await DatabaseAsync(), await servers.ConnectionStringAsync(on));
        var topic = Events.NewTopic();
        await one.CommitAsync(1, topic);
        await UntilLogHasAsync(one, topic, 1);
        var two = await StartAsync(on);
        Assert.Equal(0, two.Appender.Appended);

        await one.DisposeAsync();
        await two.CommitAsync(2, topic);

        await UntilLogHasAsync(two, topic, 2);
    }

    /// <summary>As a process leaves it that died with a clock that was fast: for good, by its own account.</summary>
    [SkippableTheory]
    [OnGarnet]
    public async Task A_lease_that_ends_further_ahead_than_a_lease_lasts_keeps_nobody_from_relaying(Server on)
    {
        var one = await StartAsync(on);
        var topic = Events.NewTopic();
        foreach (var ahead in (TimeSpan[])[TimeSpan.FromMinutes(10), TimeSpan.FromDays(10_000)])
        {
            await LeaseAsync(one, "dead", ahead);
            await one.CommitAsync(1, topic);
            // Who had the lease before may go on for a moment without looking.
            await Eventually.UntilAsync(async () => (await one.Database.ReadAsync(orders => orders.OutboxLeases.SingleOrDefaultAsync(l => l.Name == "relay"), default))?.Owner != "dead", "it is taken");
        }

        await UntilLogHasAsync(one, topic, 2);
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_lease_is_held_by_the_clock_of_the_database(Server on)
    {
        var store = (await StartAsync(on)).Store;
        var database = (await StartAsync(on)).Database;

        Assert.True(await store.TryLeaseAsync("x", "one", TimeSpan.FromMinutes(1), default));
        Assert.False(await store.TryLeaseAsync("x", "two", TimeSpan.FromMinutes(1), default));
        Assert.InRange(await database.ReadAsync(async orders =>
            (await orders.OutboxLeases.SingleAsync(l => l.Name == "x")).ExpiresAtMs - await orders.ReadClockAsync(default), default), 1, 60_000);
        await database.WriteAsync(async orders => await orders.OutboxLeases.Where(l => l.Name == "x")
            .ExecuteUpdateAsync(s => s.SetProperty(l => l.ExpiresAtMs, l => l.ExpiresAtMs - 60_000)), default);
        Assert.True(await store.TryLeaseAsync("x", "two", TimeSpan.FromMinutes(1), default));
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_replica_says_that_events_wait_while_another_keeps_the_lease_and_does_nothing(Server on)
    {
        var leaseDuration = ("Outbox:LeaseDuration", "00:00:20");
        await using (var before = await OutboxProcess.StartAsync(await DatabaseAsync(), await servers.ConnectionStringAsync(on), leaseDuration))
            await LeaseAsync(before, "idle", TimeSpan.FromSeconds(19.5));
        var one = await StartAsync(on, leaseDuration);
        var topic = Events.NewTopic();
        await one.CommitAsync(1, topic);

        await Eventually.UntilAsync(() => one.Progress.Stall.Waited > TimeSpan.Zero, "it is seen");
        await LeaseAsync(one, "idle", TimeSpan.FromSeconds(19));
        one.WatchTime.Advance(TimeSpan.FromSeconds(201));

        var (status, description) = await one.HealthAsync("outbox");
        Assert.Equal(HealthStatus.Degraded, status);
        Assert.Contains("another process has the lease", description, StringComparison.Ordinal);
        Assert.True(one.Gauge("outbox.age") >= 201);
        await Eventually.UntilAsync(() => one.Warnings.Count(line => line.StartsWith("Committed events have waited", StringComparison.Ordinal)) == 1, "it is logged");

        await one.Database.WriteAsync(orders => orders.OutboxLeases.ExecuteDeleteAsync(), default);
        await UntilLogHasAsync(one, topic, 1);
        await Eventually.UntilAsync(async () => (await one.HealthAsync("outbox")).Status == HealthStatus.Healthy, "it is well again");
    }

    /// <summary>As a version made them that checked less than the log does.</summary>
    [SkippableTheory]
    [OnGarnet]
    public async Task Events_that_the_log_refuses_are_set_aside_and_all_others_get_on(Server on)
    {
        var process = await StartAsync(on);
        var (topic, other, bad) = (Events.NewTopic(), Events.NewTopic(), "test/a topic {with} blanks");
        var live = await CollectAsync(process, topic);
        var longKey = new string('é', 1_024);

        await process.CommitAsync(1, topic);
        await process.Database.WriteAsync(orders =>
        {
            orders.NewEvents.Add((topic, longKey, [1]));
            orders.NewEvents.Add((topic, "", new byte[81_921]));
            orders.NewEvents.Add((bad, "", [1, 2]));
            orders.NewEvents.Add((bad, "", [3]));
            orders.AddEvent([topic, other], "", OutboxProcess.Event(2));
            return Task.FromResult(0);
        }, default);
        await process.CommitAsync(3, topic, other);

        await UntilLogHasAsync(process, topic, 5);
        await UntilLogHasAsync(process, other, 2);
        await live.UntilAsync(5);
        Assert.Equal([1, 2, 3], live.Events.Where(e => !e.Payload.IsEmpty).Select(OutboxProcess.Number));
        Assert.Equal([2, 3], live.Events.Where(e => e.Payload.IsEmpty).Select(e => e.Offset));
        Assert.Empty(live.Resets);

        // A reader that comes later, and one that the history serves, find the same.
        await UntilSetAsideAsync(process, 4);
        var late = await CollectAsync(process, topic, Cursor.Earliest);
        await late.UntilAsync(5);
        Assert.Equal(live.Events.Select(e => e.Id), late.Events.Select(e => e.Id));
        Assert.Equal((await process.History.ReadAsync(topic, 0, 100, default))!.Events.Select(e => e.Payload.Length), live.Events.Select(e => e.Payload.Length));

        var quarantined = await process.Database.ReadAsync(orders => orders.OutboxQuarantine.OrderBy(q => q.Topic).ThenBy(q => q.Offset).ToListAsync(), default);
        Assert.Equal(4, quarantined.Count);
        Assert.Contains(quarantined, q => q.Topic == topic && q.Offset == 2 && q.Key == longKey && q.Reason.Contains("key", StringComparison.Ordinal));
        Assert.Contains(quarantined, q => q.Topic == topic && q.Offset == 3 && q.Payload.Length == 81_921);
        Assert.Equal(2, quarantined.Count(q => q.Topic == bad));
        Assert.Equal(4, process.Gauge("outbox.quarantined"));
        Assert.Contains(process.Warnings, line => line.Contains("OutboxQuarantine", StringComparison.Ordinal) && line.Contains(topic, StringComparison.Ordinal));
        await Eventually.UntilAsync(() => process.Progress.Stall.Waited == TimeSpan.Zero, "nothing waits");
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

    [SkippableTheory]
    [OnGarnet]
    public async Task A_key_is_forgotten_at_its_age_whether_or_not_it_was_cleaned(Server on)
    {
        var process = await StartAsync(on, ("Persistence:IdempotencyRetention", "01:00:00"));
        var start = DateTimeOffset.UtcNow;
        var (request, other) = (new CancelOrderRequest { OrderId = "a" }, new CancelOrderRequest { OrderId = "b" });

        Assert.Equal(IdempotencyOutcome.Done, await DoAsync(request, start));
        Assert.Equal(IdempotencyOutcome.Replayed, await DoAsync(request, start.AddMinutes(59)));
        Assert.Equal(IdempotencyOutcome.KeyReused, await DoAsync(other, start.AddMinutes(59)));
        Assert.Equal(IdempotencyOutcome.Done, await DoAsync(other, start.AddMinutes(60)));
        Assert.Equal(IdempotencyOutcome.Replayed, await DoAsync(other, start.AddMinutes(60)));

        async Task<IdempotencyOutcome> DoAsync(CancelOrderRequest message, DateTimeOffset now) => (await process.Database.WriteOnceAsync(
            "test", "key", message, _ => Task.FromResult(new CancelOrderResponse()), now, default)).Outcome;
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_race_for_a_key_that_is_lost_is_answered_as_a_repeat_and_no_word_in_the_log(Server on)
    {
        var (one, two) = (await StartAsync(on), await StartAsync(on));
        var before = one.Warnings.Count + two.Warnings.Count;
        var request = new CancelOrderRequest { OrderId = "a" };

        for (var i = 0; i < 20; i++)
        {
            var key = $"key-{i}";
            var racing = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => (n % 2 == 0 ? one : two).Database.WriteOnceAsync(
                "test", key, request, _ => Task.FromResult(new CancelOrderResponse()), DateTimeOffset.UtcNow, default))));
            Assert.Single(racing, answer => answer.Outcome == IdempotencyOutcome.Done);
            Assert.Equal(7, racing.Count(answer => answer.Outcome == IdempotencyOutcome.Replayed));
        }

        Assert.Equal(before, one.Warnings.Count + two.Warnings.Count);
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task What_is_past_its_retention_is_deleted_soon_after_a_process_starts(Server on)
    {
        var one = await StartAsync(on);
        await one.Database.WriteAsync(orders => Task.FromResult(orders.IdempotencyRecords.Add(
            new IdempotencyRecord { Command = "old", Key = "old", RequestHash = [], Response = [], CreatedAt = DateTimeOffset.UtcNow.AddHours(-25) }).State), default);

        var two = await StartAsync(on);

        await Eventually.UntilAsync(async () => await two.Database.ReadAsync(orders => orders.IdempotencyRecords.CountAsync(r => r.Command == "old"), default) == 0, "it is deleted");
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task An_event_that_the_log_would_refuse_is_not_committed(Server on)
    {
        var process = await StartAsync(on);
        foreach (var (topic, key, message) in ((string, string, Google.Protobuf.IMessage)[])
            [("test/a b", "", new Int64Value { Value = 1 }), ("test/a", new string('é', 513), new Int64Value { Value = 1 }), ("test/a", "", new StringValue { Value = new string('x', 81_920) }), ("test/a", "", new Int64Value())])
        {
            await Assert.ThrowsAsync<ArgumentException>(() => process.Database.WriteAsync(orders =>
            {
                orders.AddEvent([topic], key, message);
                return Task.FromResult(0);
            }, default));
        }

        Assert.Equal(0, await process.Database.ReadAsync(orders => orders.OutboxEvents.CountAsync(), default));
    }

    [SkippableTheory]
    [OnRedis]
    public async Task Topics_that_Redis_does_not_take_hold_up_no_other(Server on)
    {
        var process = await StartAsync(on, ("Outbox:BatchEvents", "4"));
        await using var redis = await ConnectionMultiplexer.ConnectAsync(await servers.ConnectionStringAsync(on));
        // First by name, and more of its events than go into a batch, so that it would fill every one.
        var (broken, well) = ($"test/0-{Guid.NewGuid():n}", $"test/1-{Guid.NewGuid():n}");
        await redis.GetDatabase().StringSetAsync($"events:{{{broken}}}:head", "not a hash");
        for (var i = 0; i < 8; i++)
            await process.CommitAsync(i, broken);
        for (var i = 0; i < 3; i++)
            await process.CommitAsync(i, well);

        await UntilLogHasAsync(process, well, 3);

        await redis.GetDatabase().KeyDeleteAsync($"events:{{{broken}}}:head");
        await UntilLogHasAsync(process, broken, 8);
    }

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

        await using (var raw = await ConnectionMultiplexer.ConnectAsync(await servers.ConnectionStringAsync(on) + ",allowAdmin=true"))
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
        await using (var raw = await ConnectionMultiplexer.ConnectAsync(await servers.ConnectionStringAsync(on) + ",allowAdmin=true"))
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

    [SkippableFact]
    public async Task Commands_go_on_while_Redis_is_down_and_the_log_catches_up()
    {
        Skip.If(Needs.WhyNot(Need.RedisServer) is not null, Needs.WhyNot(Need.RedisServer));
        var redis = Keep(await RedisServer.StartAsync());
        var process = Keep(await OutboxProcess.StartAsync(await DatabaseAsync(), redis.ConnectionString));
        var topic = Events.NewTopic();
        await process.CommitAsync(0, topic);
        await UntilLogHasAsync(process, topic, 1);
        var live = await CollectAsync(process, topic, Cursor.Earliest);

        redis.Kill();
        for (var i = 1; i < 50; i++)
            await process.CommitAsync(i, topic);
        Assert.Equal(50, (await process.History.ReadAsync(topic, 0, 100, default))!.LastOffset);
        await redis.StartAgainAsync();

        // The log begins with what waited; what it had before is read from the database.
        await Eventually.UntilAsync(async () => (await process.ReadLogAsync(topic)) is [.., { Offset: 50 }], "the log ends where the database does");
        await live.UntilAsync(50);
        var late = await CollectAsync(process, topic, Cursor.Earliest);
        await late.UntilAsync(50);
        Assert.Equal(Numbers(50), live.Offsets);
        Assert.Equal(Numbers(50), late.Offsets);
        Assert.Empty(live.Resets.Concat(late.Resets));
    }

    [SkippableTheory]
    [OnGarnet]
    [OnRedis]
    public async Task What_Redis_no_longer_has_is_read_from_the_database(Server on)
    {
        var process = await StartAsync(on, ("EventLog:MaxEvents", "10"));
        var topic = Events.NewTopic();
        for (var i = 0; i < 100; i++)
            await process.CommitAsync(i, topic);
        await Eventually.UntilAsync(async () => (await process.ReadLogAsync(topic)) is { Count: 10 } log && log[^1].Offset == 100, "the log has the last ten");

        var reader = await CollectAsync(process, topic, Cursor.Earliest);

        await reader.UntilAsync(100);
        Assert.Equal(Numbers(100), reader.Offsets);
        Assert.Empty(reader.Resets);
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task Only_what_was_relayed_is_trimmed_and_in_order(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();
        for (var i = 0; i < 10; i++)
            await process.CommitAsync(i, topic);
        await Eventually.UntilAsync(async () => (await process.Store.ReadTopicsAsync([topic], default))[0].Topic.RelayedOffset == 10, "relayed");
        process.Appender.Down = true;
        await process.CommitAsync(10, topic);

        Assert.Equal(4, await process.Store.TrimAsync(long.MaxValue, 4, default));
        Assert.Equal([5, 6, 7, 8, 9, 10, 11], (await process.History.ReadAsync(topic, 0, 100, default))!.Events.Select(e => e.Offset));
        Assert.Equal(6, await process.Store.TrimAsync(long.MaxValue, 100, default));
        Assert.Equal([11], (await process.History.ReadAsync(topic, 0, 100, default))!.Events.Select(e => e.Offset));

        process.Appender.Down = false;
        await Eventually.UntilAsync(async () => (await process.ReadLogAsync(topic)).Count == 11, "the rest is relayed");
    }

    private static IEnumerable<long> Numbers(int count) => Enumerable.Range(1, count).Select(n => (long)n);

    private static async Task UntilLogHasAsync(OutboxProcess process, string topic, int count)
    {
        await Eventually.UntilAsync(async () => (await process.ReadLogAsync(topic)).Count >= count, $"{count} events in the log");
        Assert.Equal(Numbers(count), (await process.ReadLogAsync(topic)).Select(e => e.Offset));
    }

    private static Task<int> LeaseAsync(OutboxProcess process, string owner, TimeSpan ahead) => process.Database.WriteAsync(async orders =>
    {
        await orders.OutboxLeases.Where(l => l.Name == "relay").ExecuteDeleteAsync();
        orders.OutboxLeases.Add(new OutboxLease { Name = "relay", Owner = owner, ExpiresAtMs = await orders.ReadClockAsync(default) + (long)ahead.TotalMilliseconds });
        return 0;
    }, default);

    private static Task UntilSetAsideAsync(OutboxProcess process, int count) =>
        Eventually.UntilAsync(async () => await process.Database.ReadAsync(orders => orders.OutboxQuarantine.CountAsync(), default) == count, $"{count} are set aside");

    private async Task<string> DatabaseAsync() => database ??= await NewDatabaseAsync();

    private async Task<OutboxProcess> StartAsync(Server on, params (string Key, string Value)[] settings) =>
        Keep(await OutboxProcess.StartAsync(await DatabaseAsync(), await servers.ConnectionStringAsync(on), settings));

    private async Task<Collector> CollectAsync(OutboxProcess process, string topic, Cursor? from = null) =>
        Keep(await Collector.StartAsync(process.Log, topic, from));

    private T Keep<T>(T disposable)
        where T : IAsyncDisposable
    {
        started.Add(disposable);
        return disposable;
    }
}

public sealed class OutboxOnSqliteTests(SharedServers servers) : OutboxTests(servers), IClassFixture<SharedServers>
{
    protected override Task<string> NewDatabaseAsync() => Task.FromResult($"Data Source={Path.Combine(Folder, "orders.db")}");
}

public sealed class OutboxOnPostgresTests : OutboxTests, IClassFixture<SharedServers>, IClassFixture<PostgresDatabases>
{
    private readonly PostgresDatabases databases;

    public OutboxOnPostgresTests(SharedServers servers, PostgresDatabases databases)
        : base(servers)
    {
        Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
        this.databases = databases;
    }

    protected override Task<string> NewDatabaseAsync() => databases.NewAsync();
}
