using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>Committed events get to the log, whatever ends meanwhile.</summary>
public abstract class OutboxRelayTests(SharedServers servers, PostgresDatabases? postgres = null) : OutboxTestBase(servers, postgres)
{
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
    public async Task A_batch_is_bounded_in_bytes_as_well(Server on)
    {
        var process = await StartAsync(on, ("Outbox:BatchBytes", "200000"));
        var (large, small) = (Events.NewTopic(), Events.NewTopic());
        process.Appender.Down = true;
        await process.Database.WriteAsync(orders =>
        {
            for (var i = 0; i < 40; i++)
            {
                orders.AddEvent([large], "", new BytesValue { Value = ByteString.CopyFrom(new byte[60_000]) });
                orders.AddEvent([small], "", OutboxProcess.Event(i));
            }

            return Task.FromResult(0);
        }, default);
        process.Appender.Down = false;

        await UntilLogHasAsync(process, large, 40);
        await UntilLogHasAsync(process, small, 40);
        Assert.All(process.Appender.Batches, batch => Assert.InRange(batch.Bytes, 1, 200_000));
        // And not one by one.
        Assert.Contains(process.Appender.Batches, batch => batch.Events > 1 && batch.Bytes > 120_000);
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task An_event_larger_than_a_batch_may_be_is_a_batch_of_its_own(Server on)
    {
        var process = await StartAsync(on, ("Outbox:BatchBytes", "1024"));
        var topic = Events.NewTopic();

        await process.Database.WriteAsync(orders =>
        {
            for (var i = 0; i < 3; i++)
                orders.AddEvent([topic], "", new BytesValue { Value = ByteString.CopyFrom(new byte[80_000]) });
            return Task.FromResult(0);
        }, default);

        await UntilLogHasAsync(process, topic, 3);
        Assert.All(process.Appender.Batches, batch => Assert.Equal(1, batch.Events));
    }

    [SkippableTheory]
    [OnRedis]
    public async Task Topics_that_Redis_does_not_take_hold_up_no_other(Server on)
    {
        var process = await StartAsync(on, ("Outbox:BatchEvents", "4"));
        await using var redis = await ConnectionMultiplexer.ConnectAsync(await Servers.ConnectionStringAsync(on));
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
}

[Collection(nameof(OutboxOnSqlite))]
public sealed class OutboxRelayOnSqliteTests(SharedServers servers) : OutboxRelayTests(servers);

[Collection(nameof(OutboxOnPostgres))]
public sealed class OutboxRelayOnPostgresTests(SharedServers servers, PostgresDatabases postgres) : OutboxRelayTests(servers, postgres);
