using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Primitives;
using Microservices.Tests.Integration.EventLog;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>What is committed with its change.</summary>
public abstract class OutboxCommitTests(SharedServers servers, PostgresDatabases? postgres = null) : OutboxTestBase(servers, postgres)
{
    [SkippableTheory]
    [OnGarnet]
    [OnRedis]
    public async Task What_has_caused_a_change_is_kept_with_its_event_and_goes_with_it_to_the_log(Server on)
    {
        var process = await StartAsync(on);
        var topic = Events.NewTopic();
        await process.CommitAsync(0, topic);
        using (var cause = new Activity("cause").SetIdFormat(ActivityIdFormat.W3C).Start())
        {
            cause.ActivityTraceFlags = ActivityTraceFlags.Recorded;
            var context = TraceContext.Current!;
            await process.CommitAsync(1, topic);
            await UntilLogHasAsync(process, topic, 2);

            byte[][] causes = [[], context];
            Assert.Equal(causes, (await process.History.ReadAsync(topic, 0, 100, default))!.Events.Select(e => e.TraceContext.ToArray()));
            Assert.Equal(causes, (await process.ReadLogAsync(topic)).Select(e => e.TraceContext.ToArray()));
        }
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
            await process.Database.WriteOnceAsync("test", "ada", "key", once, orders =>
            {
                Change(orders, "once", topic);
                return Task.FromResult(new CancelOrderResponse());
            }, DateTimeOffset.UnixEpoch, default);
        }

        // A collision: the change is run again and its event is still one.
        var (attempts, committed) = (0, 0);
        await process.Database.WriteAsync(orders =>
        {
            Change(orders, "again", topic);
            orders.AfterCommit(() => committed++);
            return ++attempts == 1 ? throw new DbUpdateConcurrencyException() : Task.FromResult(0);
        }, default);

        await UntilLogHasAsync(process, topic, 2);
        Assert.Equal((2, 1), (attempts, committed));
        Assert.Equal(2, (await process.History.ReadAsync(topic, 0, 100, default))!.Events.Count);
        Assert.Equal(2, await process.Database.ReadAsync(orders => orders.IdempotencyRecords.CountAsync(r => r.Command == "order"), default));

        static void Change(ServiceDbContext orders, string name, string topic)
        {
            orders.IdempotencyRecords.Add(new IdempotencyRecord { Command = "order", Caller = "ada", Key = name, RequestHash = [], Response = [], CreatedAt = DateTimeOffset.UnixEpoch });
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
}

[Collection(nameof(OutboxOnSqlite))]
public sealed class OutboxCommitOnSqliteTests(SharedServers servers) : OutboxCommitTests(servers);

[Collection(nameof(OutboxOnPostgres))]
public sealed class OutboxCommitOnPostgresTests(SharedServers servers, PostgresDatabases postgres) : OutboxCommitTests(servers, postgres);
