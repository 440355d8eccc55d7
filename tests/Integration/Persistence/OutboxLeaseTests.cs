using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>One replica relays at a time, and not for longer than it lives.</summary>
public abstract class OutboxLeaseTests(SharedServers servers, PostgresDatabases? postgres = null) : OutboxTestBase(servers, postgres)
{
    [SkippableTheory]
    [OnGarnet]
    public async Task Another_replica_relays_when_the_one_that_did_is_gone(Server on)
    {
        var one = await OutboxProcess.StartAsync(await DatabaseAsync(), await Servers.ConnectionStringAsync(on));
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
    public async Task A_lease_is_renewed_after_a_third_of_it_and_not_before(Server on)
    {
        var process = await StartAsync(on);
        var time = new FakeTimeProvider();
        var options = Options.Create(new OutboxOptions { LeaseDuration = TimeSpan.FromMinutes(1) });
        await process.StopRelayAsync();
        var (one, two) = (NewLease(), NewLease());

        Assert.True(await one.HoldAsync(default));
        Assert.False(await two.HoldAsync(default));
        Assert.False(two.IsHeld);

        // Taken away, which shows whether the database is asked.
        await LeaseAsync(process, "thief", TimeSpan.FromMinutes(1));
        time.Advance(TimeSpan.FromSeconds(19.9));
        Assert.True(await one.HoldAsync(default));
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(await one.HoldAsync(default));
        Assert.False(one.IsHeld);

        // Given back by one that has it, at once; by one that has none, nobody's.
        await two.ReleaseAsync(default);
        Assert.False(await one.HoldAsync(default));
        await process.Database.WriteAsync(orders => orders.OutboxLeases.ExecuteDeleteAsync(), default);
        Assert.True(await one.HoldAsync(default));
        await one.ReleaseAsync(default);
        Assert.True(await two.HoldAsync(default));

        RelayLease<OrdersDbContext> NewLease() => new(process.Store, options, time, NullLogger<RelayLease<OrdersDbContext>>.Instance);
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_replica_says_that_events_wait_while_another_keeps_the_lease_and_does_nothing(Server on)
    {
        var leaseDuration = ("Outbox:LeaseDuration", "00:00:08");
        await using (var before = await OutboxProcess.StartAsync(await DatabaseAsync(), await Servers.ConnectionStringAsync(on), leaseDuration))
            await LeaseAsync(before, "idle", TimeSpan.FromSeconds(7.5));
        var one = await StartAsync(on, leaseDuration);
        var topic = Events.NewTopic();
        await one.CommitAsync(1, topic);

        await Eventually.UntilAsync(() => one.Progress.Stall.Waited > TimeSpan.Zero, "it is seen");
        await LeaseAsync(one, "idle", TimeSpan.FromSeconds(7));
        one.WatchTime.Advance(TimeSpan.FromSeconds(81));

        var (status, description) = await one.HealthAsync("outbox");
        Assert.Equal(HealthStatus.Degraded, status);
        Assert.Contains("another process has the lease", description, StringComparison.Ordinal);
        Assert.True(one.Gauge("outbox.age") >= 81);
        await Eventually.UntilAsync(() => one.Warnings.Count(line => line.StartsWith("Committed events have waited", StringComparison.Ordinal)) == 1, "it is logged");

        await one.Database.WriteAsync(orders => orders.OutboxLeases.ExecuteDeleteAsync(), default);
        await UntilLogHasAsync(one, topic, 1);
        await Eventually.UntilAsync(async () => (await one.HealthAsync("outbox")).Status == HealthStatus.Healthy, "it is well again");
    }
}

[Collection(nameof(OutboxOnSqlite))]
public sealed class OutboxLeaseOnSqliteTests(SharedServers servers) : OutboxLeaseTests(servers);

[Collection(nameof(OutboxOnPostgres))]
public sealed class OutboxLeaseOnPostgresTests(SharedServers servers, PostgresDatabases postgres) : OutboxLeaseTests(servers, postgres);
