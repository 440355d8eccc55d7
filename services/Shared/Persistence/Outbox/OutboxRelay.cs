using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>
/// Brings committed events to the log: at least once and in order for each topic; the log drops repeats, so a process may die, or
/// believe too long that it is the one to relay, at any point. One replica relays at a time, by lease. It is woken by the commits of
/// its own process and polls for those of others. While the log is away the outbox waits and commands go on.
/// </summary>
internal sealed partial class OutboxRelay<TContext>(
    OutboxStore<TContext> store, IOutboxSink sink, OutboxSignal<TContext> signal, IOptions<OutboxOptions> settings, OutboxMetrics metrics,
    TimeProvider time, ILogger<OutboxRelay<TContext>> logger)
    : BackgroundService
    where TContext : ServiceDbContext
{
    private const string LeaseName = "relay";
    private const int TrimChunk = 1_000;
    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AgeInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(20);

    private readonly OutboxOptions options = settings.Value;
    private readonly OutboxCheck<TContext> check = new(store, sink, settings.Value, time);
    private readonly string owner = $"{Environment.ProcessId}-{Guid.NewGuid():n}";
    private long leasedAt = long.MinValue;
    private long trimmedAt = long.MinValue;
    private long agedAt = long.MinValue;
    private int failures;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var relaying = await HoldLeaseAsync(stoppingToken);
                var (answered, more) = relaying ? await RunOnceAsync(stoppingToken) : (true, false);
                if (answered && failures > 0)
                {
                    LogBack(failures);
                    failures = 0;
                    check.Sweep();
                }

                if (!answered)
                    await BackOffAsync(null, stoppingToken);
                else if (!relaying)
                    await Task.Delay(options.LeaseDuration / 4, time, stoppingToken);
                else if (!more)
                    await signal.WaitAsync(options.PollInterval, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
#pragma warning disable CA1031 // Whatever the log or the database throw: the outbox must go on, or its events would never be told.
            catch (Exception exception)
            {
                await BackOffAsync(exception, stoppingToken);
            }
#pragma warning restore CA1031
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (leasedAt == long.MinValue)
            return;
        try
        {
            await store.ReleaseAsync(LeaseName, owner, cancellationToken);
        }
        catch (Exception exception) when (exception is System.Data.Common.DbException or InvalidOperationException or OperationCanceledException)
        {
            // It then ends by itself.
            LogNotReleased(exception.Message);
        }
    }

    /// <summary>Relays what waits in each topic, and does what else is due. Tells whether the log answered, and whether there may be more to do.</summary>
    internal async Task<(bool Answered, bool More)> RunOnceAsync(CancellationToken cancellationToken)
    {
        var (answered, relayed) = await RelayAsync(cancellationToken);
        if (IsDue(ref agedAt, AgeInterval) || !answered)
            metrics.OldestMs = await store.ReadOldestWaitingAsync(cancellationToken);
        if (answered)
            await check.RunAsync(cancellationToken);
        if (IsDue(ref trimmedAt, TrimInterval))
            await TrimAsync(cancellationToken);
        return (answered, relayed || check.Sweeping);
    }

    /// <summary>Deletes what is past the retention, in chunks.</summary>
    internal async Task TrimAsync(CancellationToken cancellationToken)
    {
        var before = (time.GetUtcNow() - options.Retention).ToUnixTimeMilliseconds();
        while (await store.TrimAsync(before, TrimChunk, cancellationToken) == TrimChunk && await HoldLeaseAsync(cancellationToken))
        {
        }
    }

    private async Task<(bool Answered, bool Any)> RelayAsync(CancellationToken cancellationToken)
    {
        // Once round the topics, so that a busy one does not hold up the others, nor anything else that is due.
        var (last, any) = ("", false);
        while (await HoldLeaseAsync(cancellationToken) && await store.ReadWaitingAsync(last, options.BatchEvents, cancellationToken) is { Count: > 0 } waiting)
        {
            any = true;
            if (!await AppendAsync(waiting, cancellationToken))
                return (false, any);
            last = waiting[^1].Topic.Topic;
        }

        return (true, any);
    }

    private async Task<bool> AppendAsync(IReadOnlyList<OutboxBacklog> waiting, CancellationToken cancellationToken)
    {
        var entries = waiting.SelectMany(w => w.Events.Select(e => new OutboxEntry(e.Topic, w.Topic.Epoch, e.Offset, e.Key, e.Payload))).ToList();
        var results = await sink.AppendAsync(entries, cancellationToken);

        var marks = new List<OutboxMark>();
        var gaps = new Dictionary<string, OutboxHead>();
        var conflicts = new Dictionary<string, OutboxHead>();
        var (answered, refilled, relayed, oldest, at) = (true, 0, 0, long.MaxValue, 0);
        foreach (var (topic, events) in waiting)
        {
            var ofTopic = Enumerable.Range(at, events.Count).Select(i => results[i]).ToList();
            at += events.Count;
            var inLog = ofTopic.TakeWhile(r => r.Status == OutboxStatus.InLog).Count();
            if (inLog > 0)
                marks.Add(new OutboxMark(topic, events[inLog - 1].Offset));
            foreach (var e in events.Take(inLog))
            {
                if (check.IsRefill(e.Topic, e.Offset))
                    refilled++;
                else
                    (relayed, oldest) = (relayed + 1, Math.Min(oldest, e.CreatedAtMs));
            }

            if (inLog == events.Count)
                continue;
            answered &= ofTopic[inLog].Status != OutboxStatus.Unavailable;
            // What follows an event that was appended is looked at in the next round: its refusal may be due to that of another.
            if (inLog == 0 && ofTopic[0].Status is OutboxStatus.Gap)
                gaps[topic.Topic] = new OutboxHead(topic.Epoch, ofTopic[0].LastOffset);
            if (inLog == 0 && ofTopic[0].Status is OutboxStatus.Conflict)
                conflicts[topic.Topic] = new OutboxHead(topic.Epoch, ofTopic[0].LastOffset);
        }

        await store.MoveAsync(marks, cancellationToken);
        if (relayed > 0)
            metrics.Relayed(relayed, time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(oldest));
        if (refilled > 0)
            metrics.Refilled(refilled);
        if (gaps.Count + conflicts.Count > 0)
        {
            LogRefused(gaps.Count, conflicts.Count, gaps.Keys.Concat(conflicts.Keys).First());
            await check.RepairAsync(gaps, conflict: false, cancellationToken);
            await check.RepairAsync(conflicts, conflict: true, cancellationToken);
        }

        return answered;
    }

    private async Task<bool> HoldLeaseAsync(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if (leasedAt != long.MinValue && time.GetElapsedTime(leasedAt, now) < options.LeaseDuration / 3)
            return true;
        var had = leasedAt != long.MinValue;
        var has = await store.TryLeaseAsync(LeaseName, owner, options.LeaseDuration, cancellationToken);
        leasedAt = has ? now : long.MinValue;
        if (has && !had)
        {
            LogRelaying();
            check.Sweep();
        }
        else if (!has)
        {
            metrics.OldestMs = -1;
        }

        return has;
    }

    private bool IsDue(ref long last, TimeSpan interval)
    {
        var now = time.GetTimestamp();
        if (last != long.MinValue && time.GetElapsedTime(last, now) < interval)
            return false;
        last = now;
        return true;
    }

    private async Task BackOffAsync(Exception? exception, CancellationToken stoppingToken)
    {
        if (failures == 0)
            LogAway(exception);
        else if (exception is not null)
            LogStillAway(exception, failures);
        var limit = Math.Min(options.MaxBackoff.TotalMilliseconds, MinBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)));
        failures++;
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(limit * (0.5 + (Random.Shared.NextDouble() / 2))), time, stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    [LoggerMessage(LogLevel.Information, "This process relays the outbox")]
    private partial void LogRelaying();

    [LoggerMessage(LogLevel.Warning, "The outbox waits: its log or database is away")]
    private partial void LogAway(Exception? exception);

    [LoggerMessage(LogLevel.Debug, "The outbox still waits, after {Failures} attempts")]
    private partial void LogStillAway(Exception exception, int failures);

    [LoggerMessage(LogLevel.Information, "The outbox is relayed again, after {Failures} failed attempts")]
    private partial void LogBack(int failures);

    [LoggerMessage(LogLevel.Warning, "The log of {Gaps} topics lacks events, that of {Conflicts} has others than the database, such as {Topic}: they are appended again")]
    private partial void LogRefused(int gaps, int conflicts, string topic);

    [LoggerMessage(LogLevel.Debug, "The relay's lease was not given back: {Cause}")]
    private partial void LogNotReleased(string cause);
}
