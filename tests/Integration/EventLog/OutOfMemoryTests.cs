using Microservices.EventLog;
using Microservices.Tests.Integration.Persistence;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>Redis has no memory left and evicts nothing: it refuses what is appended, whoever filled it.</summary>
public sealed class OutOfMemoryTests : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("memory-").FullName;
    private RedisServer redis = null!;
    private ConnectionMultiplexer admin = null!;

    public async Task InitializeAsync()
    {
        redis = await RedisServer.StartAsync("--maxmemory", "10mb", "--maxmemory-policy", "noeviction");
        admin = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",allowAdmin=true");
    }

    public async Task DisposeAsync()
    {
        await admin.DisposeAsync();
        await redis.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task Events_arrive_in_order_at_every_process_and_health_and_one_line_of_the_log_say_why_none_is_kept()
    {
        var (history, log, topic) = (new TestHistory(), new LogLines(), Events.NewTopic());
        await using var writer = await StartAsync(history, log);
        await using var reader = await StartAsync(history, new LogLines());
        await AppendAsync(writer, history, topic, 1, 10);
        await using var here = await Collector.StartAsync(writer.Log, topic, Cursor.Earliest);
        await using var there = await Collector.StartAsync(reader.Log, topic, Cursor.Earliest);
        await FillAsync();

        // A topic that Redis knows, and one that it does not.
        var fresh = Events.NewTopic();
        await using var ofFresh = await Collector.StartAsync(reader.Log, fresh, Cursor.Earliest);
        for (var i = 11; i <= 200; i++)
        {
            await AppendAsync(writer, history, topic, i, 1);
            await AppendAsync(writer, history, fresh, i - 10, 1);
        }

        await here.UntilAsync(200);
        await there.UntilAsync(200);
        await ofFresh.UntilAsync(190);
        Assert.Equal(Enumerable.Range(1, 200).Select(i => (long)i), here.Offsets);
        Assert.Equal(here.Offsets, there.Offsets);
        Assert.Equal(Enumerable.Range(1, 190).Select(i => (long)i), ofFresh.Offsets);
        Assert.Empty(here.Resets.Concat(there.Resets).Concat(ofFresh.Resets));
        var health = await writer.Get<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains("OOM", health.Entries[EventLogExtensions.HealthCheckName].Description, StringComparison.Ordinal);
        Assert.Contains("OOM", Assert.Single(log.Warnings), StringComparison.Ordinal);
        // Who comes now reads the history.
        await using var late = await Collector.StartAsync(reader.Log, topic, Cursor.At(topic, "db1", 100));
        await late.UntilAsync(100);
        Assert.Equal(Enumerable.Range(101, 100).Select(i => (long)i), late.Offsets);

        // Once there is memory the log goes on where it is, and says so.
        await admin.GetServers()[0].ExecuteAsync("CONFIG", "SET", "maxmemory", "100mb");
        await AppendAsync(writer, history, topic, 201, 5);
        await there.UntilAsync(205);
        Assert.Equal([201L, 202, 203, 204, 205], (await writer.Log.ReadAsync(topic, Cursor.Earliest, 1000, 100_000)).Events.Select(e => e.Offset).TakeLast(5));
        await Eventually.UntilAsync(async () => (await writer.Get<HealthCheckService>().CheckHealthAsync()).Status == HealthStatus.Healthy, "healthy again");
        Assert.Single(log.All, l => l.Contains("keeps the events that are appended again", StringComparison.Ordinal));
        Assert.Single(log.Warnings);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task A_lost_last_event_is_noticed_although_Redis_did_not_keep_it()
    {
        var (history, topic) = (new TestHistory(), Events.NewTopic());
        await using var writer = await StartAsync(history, new LogLines());
        await using var collector = await Collector.StartAsync(writer.Log, topic, Cursor.Earliest);
        await AppendAsync(writer, history, topic, 1, 3);
        await collector.UntilAsync(3);
        await FillAsync();

        // Nothing follows the event whose publication is lost.
        history.Commit(topic, 4);
        await new RawLog(admin, writer).AppendUnpublishedAsync(Events.Durable(topic, 4), "db1");
        await collector.UntilAsync(4);
        Assert.Equal([1L, 2, 3, 4], collector.Offsets);
        Assert.Empty(collector.Resets);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task A_transient_topic_goes_on_and_only_who_is_behind_is_reset()
    {
        var topic = Events.NewTopic();
        await using var process = await StartAsync(new TestHistory(), new LogLines());
        await using var other = await StartAsync(new TestHistory(), new LogLines());
        await process.Log.AppendAsync([.. Enumerable.Range(1, 10).Select(i => Events.Transient(topic, i))]);
        await using var live = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        await live.UntilAsync(10);
        var behind = Cursor.At(topic, live.Events.First().Epoch, 5);
        await FillAsync();

        for (var i = 11; i <= 30; i++)
            await process.Log.AppendAsync(Events.Transient(topic, i));

        await live.UntilAsync(30);
        Assert.Equal(Enumerable.Range(1, 30).Select(i => (long)i), live.Events.Select(Events.Number));
        Assert.Empty(live.Resets);
        await using var late = await Collector.StartAsync(other.Log, topic, behind);
        await late.UntilResetAsync(ResetReason.Truncated);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task The_outbox_goes_on_and_readers_of_any_age_get_what_was_committed()
    {
        await using var process = await OutboxProcess.StartAsync($"Data Source={Path.Combine(directory, "orders.db")}", redis.ConnectionString);
        var topic = Events.NewTopic();
        await process.CommitAsync(0, topic);
        await using var live = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        await live.UntilAsync(1);
        await FillAsync();

        for (var i = 1; i < 50; i++)
            await process.CommitAsync(i, topic);

        await live.UntilAsync(50);
        await Eventually.UntilAsync(async () => (await process.Store.ReadTopicsAsync([topic], default))[0].Topic is { RelayedOffset: 50 }, "nothing waits in the outbox");
        await using var late = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        await late.UntilAsync(50);
        Assert.Equal(Enumerable.Range(0, 50).Select(n => (long)n), live.Events.Select(OutboxProcess.Number));
        Assert.Equal(live.Offsets, late.Offsets);
        Assert.Empty(live.Resets.Concat(late.Resets));
    }

    [FactNeeding(Need.RedisServer)]
    public async Task The_budget_is_smaller_while_Redis_refuses_and_whole_again_afterwards()
    {
        var (history, topic, appended) = (new TestHistory(), Events.NewTopic(), 0);
        await using var process = await StartAsync(history, new LogLines(), new() { ["EventLog:MaxAge"] = "00:00:02" });
        var trimmer = process.Get<LogTrimmer>();
        var whole = trimmer.Budget;
        await FillAsync();

        // A full Redis keeps an event now and then.
        await Eventually.UntilAsync(
            async () =>
            {
                await AppendAsync(process, history, topic, ++appended, 1);
                return trimmer.Budget < whole;
            },
            "the budget is smaller");

        await admin.GetServers()[0].ExecuteAsync("CONFIG", "SET", "maxmemory", "100mb");
        await Eventually.UntilAsync(() => trimmer.Budget == whole, "the budget is whole again");
    }

    private static async Task AppendAsync(LogProcess process, TestHistory history, string topic, long from, int count)
    {
        history.Commit(topic, from + count - 1);
        var results = await process.Log.AppendAsync([.. Enumerable.Range(0, count).Select(i => Events.Durable(topic, from + i))]);
        Assert.All(results, r => Assert.True(r.Status == AppendStatus.Appended, $"{r.Status}"));
    }

    private Task<LogProcess> StartAsync(TestHistory history, LogLines log, Dictionary<string, string?>? settings = null) => LogProcess.StartAsync(
        redis.ConnectionString, settings, s => s.AddSingleton(history).AddEventHistory<TestHistory>("test/").AddSingleton<ILoggerProvider>(log));

    /// <summary>Fills Redis with what is not the log's, to the last.</summary>
    private async Task FillAsync()
    {
        foreach (var size in (int[])[10_000, 100, 1])
        {
            try
            {
                while (true)
                    await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => admin.GetDatabase().StringSetAsync(Guid.NewGuid().ToString(), new byte[size])));
            }
            catch (RedisServerException e) when (e.Message.StartsWith("OOM", StringComparison.Ordinal))
            {
            }
        }

        // And it stays full, although it frees a client's buffers now and then.
        await admin.GetServers()[0].ExecuteAsync("CONFIG", "SET", "maxmemory", "9mb");
    }
}
