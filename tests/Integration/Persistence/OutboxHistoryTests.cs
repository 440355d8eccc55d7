using Microservices.EventLog;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>The database serves what the log no longer has, for as long as it is kept.</summary>
public abstract class OutboxHistoryTests(SharedServers servers, PostgresDatabases? postgres = null) : OutboxTestBase(servers, postgres)
{
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

    [SkippableTheory]
    [OnGarnet]
    public async Task Events_past_their_retention_are_deleted_soon_after_a_process_starts(Server on)
    {
        var topic = Events.NewTopic();
        var before = await OutboxProcess.StartAsync(await DatabaseAsync(), await Servers.ConnectionStringAsync(on));
        for (var i = 0; i < 3; i++)
            await before.CommitAsync(i, topic);
        await UntilLogHasAsync(before, topic, 3);
        await before.DisposeAsync();

        var process = await StartAsync(on);
        await process.CommitAsync(3, topic);
        await process.Database.WriteAsync(orders => orders.OutboxEvents.Where(e => e.Offset < 3).ExecuteUpdateAsync(s => s.SetProperty(e => e.CreatedAtMs, 1)), default);

        await Eventually.UntilAsync(async () => (await process.History.ReadAsync(topic, 0, 100, default))!.Events[0].Offset == 3, "those are deleted");
        Assert.Equal([3, 4], (await process.History.ReadAsync(topic, 0, 100, default))!.Events.Select(e => e.Offset));
    }
}

[Collection(nameof(OutboxOnSqlite))]
public sealed class OutboxHistoryOnSqliteTests(SharedServers servers) : OutboxHistoryTests(servers);

[Collection(nameof(OutboxOnPostgres))]
public sealed class OutboxHistoryOnPostgresTests(SharedServers servers, PostgresDatabases postgres) : OutboxHistoryTests(servers, postgres);
