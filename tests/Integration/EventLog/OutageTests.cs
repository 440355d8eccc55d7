using System.Net;
using Microservices.EventLog;
using Microservices.Tests.Integration.Persistence;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>What happens when Redis itself goes away.</summary>
public sealed class OutageTests
{
    [FactNeeding(Need.RedisServer)]
    public async Task Redis_killed_and_restarted_empty_loses_nothing_of_durable_topics()
    {
        await using var redis = await RedisServer.StartAsync();
        var history = new TestHistory();
        var warnings = new WarningLines();
        await using var process = await LogProcess.StartAsync(
            redis.ConnectionString, services: s => s.AddSingleton(history).AddEventHistory<TestHistory>("test/").AddSingleton<ILoggerProvider>(warnings));
        var topic = Events.NewTopic();
        await using var collector = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        for (var round = 0; round < 3; round++)
        {
            await CommitAndRelayAsync(round * 100, 50);
            redis.Kill();
            // Committed while Redis is away; the outbox keeps them.
            history.Commit(topic, (round * 100) + 80);
            await Assert.ThrowsAsync<EventLogUnavailableException>(() => process.Log.AppendAsync(Events.Durable(topic, (round * 100) + 51)));
            await redis.StartAgainAsync();
            // From the history, before anything was appended to the empty log.
            await collector.UntilAsync((round * 100) + 80);
            await CommitAndRelayAsync((round * 100) + 50, 50);
        }

        await collector.UntilAsync(300);
        Assert.Equal(Enumerable.Range(1, 300).Select(i => (long)i), collector.Events.Select(Events.Number));
        Assert.Empty(collector.Resets);
        Assert.DoesNotContain(warnings.Lines, line => line.Contains("\n   at ", StringComparison.Ordinal));

        async Task CommitAndRelayAsync(long after, int count)
        {
            history.Commit(topic, after + count);
            for (var offset = after + 1; offset <= after + count;)
            {
                var result = (await process.Log.AppendAsync([Events.Durable(topic, offset)]))[0];
                offset = result switch
                {
                    { IsInLog: true } => offset + 1,
                    { Status: AppendStatus.Gap } => result.LastOffset + 1,
                    _ => offset,
                };
            }
        }
    }

    [FactNeeding(Need.RedisServer)]
    public async Task After_a_restart_a_transient_topic_tells_its_readers_and_goes_on()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var process = await LogProcess.StartAsync(redis.ConnectionString);
        var topic = Events.NewTopic();
        await using var collector = await Collector.StartAsync(process.Log, topic);
        await process.Log.AppendAsync(Events.Transient(topic, 1));
        await collector.UntilAsync(1);

        redis.Kill();
        await redis.StartAgainAsync();

        await collector.UntilResetAsync(ResetReason.EpochChanged);
        await process.Log.AppendAsync(Events.Transient(topic, 2));
        await collector.UntilAsync(2);
        Assert.Single(collector.Resets);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task A_process_starts_without_redis_says_degraded_and_works_once_it_comes()
    {
        await using var redis = await RedisServer.StartAsync();
        redis.Kill();
        await using var process = await LogProcess.StartAsync(redis.ConnectionString);
        var topic = Events.NewTopic();
        await Assert.ThrowsAsync<EventLogUnavailableException>(() => process.Log.AppendAsync(Events.Transient(topic, 1)));
        Assert.Equal(AppendStatus.Unavailable, (await process.Log.AppendAsync([Events.Transient(topic, 1)]))[0].Status);
        await Assert.ThrowsAsync<EventLogUnavailableException>(() => process.Log.ReadHeadsAsync([topic]));
        await using var collector = new Collector(process.Log.Subscribe([topic]));
        var health = process.Get<HealthCheckService>();
        Assert.Equal(HealthStatus.Degraded, (await health.CheckHealthAsync()).Status);

        await redis.StartAgainAsync();

        await Eventually.UntilAsync(async () => (await health.CheckHealthAsync()).Status == HealthStatus.Healthy, "healthy");
        await Eventually.UntilAsync(() => collector.Subscribed is not null, "subscribed");
        await process.Log.AppendAsync(Events.Transient(topic, 2));
        await collector.UntilAsync(1);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task A_promoted_replica_that_lacks_the_last_writes_leaves_every_subscriber_with_what_was_committed()
    {
        await using var master = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{master.Port}");
        var history = new TestHistory();
        await using var process = await LogProcess.StartAsync(
            $"{master.ConnectionString},{replica.ConnectionString}", services: s => s.AddSingleton(history).AddEventHistory<TestHistory>("test/"));
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"{replica.ConnectionString},allowAdmin=true");
        var server = admin.GetServer(IPEndPoint.Parse(replica.ConnectionString));
        var topic = Events.NewTopic();
        await using var current = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        history.Commit(topic, 10);
        await process.Log.AppendAsync([.. Enumerable.Range(1, 10).Select(i => Events.Durable(topic, i))]);
        await Eventually.UntilAsync(async () => (await server.InfoAsync("replication")).SelectMany(g => g).Any(p => p.Key == "master_link_status" && p.Value == "up")
            && await admin.GetDatabase().KeyExistsAsync(process.Get<RedisConnection>().Keys(topic)[0], CommandFlags.PreferReplica), "replicated");
        // From here on the replica hears nothing any more.
        await server.ExecuteAsync("REPLICAOF", "127.0.0.1", Eventually.FreePort());
        history.Commit(topic, 20);
        await process.Log.AppendAsync([.. Enumerable.Range(11, 10).Select(i => Events.Durable(topic, i))]);
        await current.UntilAsync(20);

        var reads = history.Reads;
        master.Kill();
        await server.ExecuteAsync("REPLICAOF", "NO", "ONE");
        await Eventually.UntilAsync(async () => (await process.Log.AppendAsync([Events.Durable(topic, 21)]))[0].Status == AppendStatus.Gap, "the promoted replica refuses the gap");
        await Eventually.UntilAsync(() => history.Reads > reads, "the process noticed and asked the history");
        history.Commit(topic, 21);
        await using var resumed = await Collector.StartAsync(process.Log, topic, current.Subscription.Cursor);
        await using var fresh = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        await process.Log.AppendAsync([.. Enumerable.Range(11, 11).Select(i => Events.Durable(topic, i))]);

        await current.UntilAsync(21);
        await resumed.UntilAsync(1);
        await fresh.UntilAsync(21);
        Assert.Equal(Enumerable.Range(1, 21).Select(i => (long)i), current.Offsets);
        Assert.Equal([21L], resumed.Offsets);
        Assert.Equal(Enumerable.Range(1, 21).Select(i => (long)i), fresh.Offsets);
        Assert.Empty(current.Resets.Concat(resumed.Resets).Concat(fresh.Resets));
    }

    [FactNeeding(Need.RedisServer)]
    public async Task A_probe_that_does_not_arrive_degrades_and_heals_every_subscription()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var process = await LogProcess.StartAsync(redis.ConnectionString, new()
        {
            ["EventLog:ProbeInterval"] = "00:00:00.1",
            ["EventLog:ProbeTimeout"] = "00:00:00.3",
            ["EventLog:CheckInterval"] = "00:01:00",
        });
        var health = process.Get<HealthCheckService>();
        var topic = Events.NewTopic();
        await using var collector = await Collector.StartAsync(process.Log, topic);
        await Eventually.UntilAsync(async () => (await health.CheckHealthAsync()).Status == HealthStatus.Healthy, "healthy");
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");

        // The connection stays; only Redis no longer sends what is published, as far as the user of this connection goes.
        await admin.GetServers()[0].ExecuteAsync("ACL", "SETUSER", "default", "resetchannels");
        await Eventually.UntilAsync(async () => (await health.CheckHealthAsync()).Status == HealthStatus.Degraded, "degraded");
        await admin.GetServers()[0].ExecuteAsync("ACL", "SETUSER", "default", "allchannels");

        await Eventually.UntilAsync(async () => (await health.CheckHealthAsync()).Status == HealthStatus.Healthy, "healthy again");
        await process.Log.AppendAsync(Events.Transient(topic, 1));
        // Before the timer comes round.
        await collector.UntilAsync(1, TimeSpan.FromSeconds(20));
    }
}
