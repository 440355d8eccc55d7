using Microservices.EventLog;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>Events that the log refuses are set aside.</summary>
public abstract class OutboxQuarantineTests(SharedServers servers, PostgresDatabases? postgres = null) : OutboxTestBase(servers, postgres)
{
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
            orders.NewEvents.Add((topic, longKey, [1], null, null));
            orders.NewEvents.Add((topic, "", new byte[81_921], null, null));
            orders.NewEvents.Add((bad, "", [1, 2], null, null));
            orders.NewEvents.Add((bad, "", [3], null, null));
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
}

[Collection(nameof(OutboxOnSqlite))]
public sealed class OutboxQuarantineOnSqliteTests(SharedServers servers) : OutboxQuarantineTests(servers);

[Collection(nameof(OutboxOnPostgres))]
public sealed class OutboxQuarantineOnPostgresTests(SharedServers servers, PostgresDatabases postgres) : OutboxQuarantineTests(servers, postgres);
