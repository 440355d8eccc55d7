using Microservices.EventLog;
using Microservices.Primitives;
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
    OutboxStore<TContext> store, IEventAppender log, OutboxSignal<TContext> signal, IOptions<OutboxOptions> settings, OutboxMetrics metrics,
    OutboxProgress progress, TimeProvider time, ILogger<OutboxRelay<TContext>> logger)
    : BackgroundService
    where TContext : ServiceDbContext
{
    private const string LeaseName = "relay";
    private const int TrimChunk = 1_000;
    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AgeInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MinBackoff = TimeSpan.FromMilliseconds(20);

    private readonly OutboxOptions options = settings.Value;
    private readonly OutboxCheck<TContext> check = new(store, log, settings.Value, time);
    private readonly string owner = $"{Environment.ProcessId}-{Guid.NewGuid():n}";
    private long leasedAt = long.MinValue;
    private long trimmedAt = long.MinValue;
    private long agedAt = long.MinValue;
    private long awaySince = long.MinValue;
    private readonly Backoff backoff = new(MinBackoff, settings.Value.MaxBackoff);
    private bool saidThatItWaits;
    private bool saidThatItIsAway;
    private string resumeAfter = "";

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var round = await RunOnceAsync(stoppingToken);
                if (round != OutboxRound.Unanswered && backoff.Failures > 0)
                {
                    if (saidThatItIsAway)
                        LogBack(backoff.Failures);
                    saidThatItIsAway = false;
                    backoff.Reset();
                    awaySince = long.MinValue;
                    check.Sweep();
                }

                if (round == OutboxRound.Unanswered)
                    await FailAsync(null, stoppingToken);
                else if (round == OutboxRound.Standby)
                    await Task.Delay(options.LeaseDuration / 4, time, stoppingToken);
                else if (round is OutboxRound.Idle or OutboxRound.Partial)
                    await signal.WaitAsync(options.PollInterval, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
#pragma warning disable CA1031 // Whatever the log or the database throw: the outbox must go on, or its events would never be told.
            catch (Exception exception)
            {
                await FailAsync(exception, stoppingToken);
            }
#pragma warning restore CA1031
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await ReleaseAsync(cancellationToken);
    }

    /// <summary>Relays what waits in each topic, and does what else is due.</summary>
    internal async Task<OutboxRound> RunOnceAsync(CancellationToken cancellationToken)
    {
        var round = await RelayAsync(cancellationToken);
        if (round == OutboxRound.Standby)
            return round;
        if (IsDue(ref agedAt, AgeInterval) || round == OutboxRound.Unanswered)
        {
            metrics.OldestMs = await store.ReadOldestWaitingAsync(cancellationToken);
            metrics.SetAside = await store.CountSetAsideAsync(cancellationToken);
        }

        if (round != OutboxRound.Unanswered && check.IsDue)
        {
            if (await HoldLeaseAsync(cancellationToken))
                await check.RunAsync(cancellationToken);
            else
                check.Skip();
        }

        if (IsDue(ref trimmedAt, TrimInterval) && await HoldLeaseAsync(cancellationToken))
            await TrimAsync(cancellationToken);
        return round == OutboxRound.Idle && check.Sweeping ? OutboxRound.More : round;
    }

    /// <summary>Deletes what is past the retention, in chunks.</summary>
    internal async Task TrimAsync(CancellationToken cancellationToken)
    {
        var before = (time.GetUtcNow() - options.Retention).ToUnixTimeMilliseconds();
        while (await store.TrimAsync(before, TrimChunk, cancellationToken) == TrimChunk && await HoldLeaseAsync(cancellationToken))
        {
        }
    }

    private async Task<OutboxRound> RelayAsync(CancellationToken cancellationToken)
    {
        // Once round the topics, so that a busy one does not hold up the others, nor anything else that is due. The lease is taken for
        // something to relay only: an idle service writes nothing.
        var begun = resumeAfter;
        // Where the log answered for nothing the next round begins after that: it may have been those topics alone.
        var (last, round) = (resumeAfter, OutboxRound.Idle);
        resumeAfter = "";
        while (true)
        {
            var waiting = await store.ReadWaitingAsync(last, options.BatchEvents, cancellationToken);
            if (waiting.Count == 0 && begun.Length == 0)
                break;
            if (waiting.Count == 0)
            {
                (begun, last) = ("", "");
                continue;
            }

            if (!await HoldLeaseAsync(cancellationToken))
            {
                Waits(waiting[0].Topic, "another process has the lease and does not bring them there");
                return OutboxRound.Standby;
            }

            var unanswered = await AppendAsync(waiting, cancellationToken);
            if (unanswered.Count > 0)
                Waits(unanswered[0], "it does not answer");
            if (unanswered.Count == waiting.Count)
            {
                resumeAfter = waiting[^1].Topic.Topic;
                return OutboxRound.Unanswered;
            }

            // One topic that cannot be appended to holds up no other.
            (last, round) = (waiting[^1].Topic.Topic, unanswered.Count > 0 || round == OutboxRound.Partial ? OutboxRound.Partial : OutboxRound.More);
        }

        if (round == OutboxRound.Partial)
            return round;
        progress.GetsOn();
        saidThatItWaits = false;
        return round;
    }

    private void Waits(OutboxTopic topic, string cause)
    {
        progress.Waits(topic, cause);
        if (saidThatItWaits || progress.Stall.Waited < OutboxProgress.Patience(options))
            return;
        saidThatItWaits = true;
        LogWaits(progress.Stall.Waited, cause);
    }

    /// <summary>Appends; gives the topics that the log did not answer for.</summary>
    private async Task<IReadOnlyList<OutboxTopic>> AppendAsync(IReadOnlyList<OutboxBacklog> waiting, CancellationToken cancellationToken)
    {
        var entries = waiting.SelectMany(w => w.Events.Select(e => NewEvent.Durable(e.Topic, w.Topic.Epoch, e.Offset, e.Payload, e.Key))).ToList();
        var results = await log.AppendAsync(entries, cancellationToken);

        var marks = new List<OutboxMark>();
        var gaps = new Dictionary<string, TopicHead>();
        var conflicts = new Dictionary<string, TopicHead>();
        var unanswered = new List<OutboxTopic>();
        var refused = new List<(OutboxBacklog Waiting, int At, string Reason)>();
        var (refilled, relayed, oldest, at) = (0, 0, long.MaxValue, 0);
        foreach (var backlog in waiting)
        {
            var (topic, events) = backlog;
            var ofTopic = Enumerable.Range(at, events.Count).Select(i => results[i]).ToList();
            at += events.Count;
            var inLog = ofTopic.TakeWhile(r => r.IsInLog).Count();
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
            if (ofTopic[inLog].Status == AppendStatus.Unavailable)
                unanswered.Add(topic);
            if (ofTopic[inLog].Status == AppendStatus.Refused)
                refused.Add((backlog, inLog, ofTopic[inLog].Violation ?? "The log refuses it."));
            // What follows an event that was appended is looked at in the next round: its refusal may be due to that of another.
            if (inLog == 0 && ofTopic[0].Status is AppendStatus.Gap)
                gaps[topic.Topic] = new TopicHead(topic.Topic, topic.Epoch, ofTopic[0].LastOffset);
            if (inLog == 0 && ofTopic[0].Status is AppendStatus.Conflict)
                conflicts[topic.Topic] = new TopicHead(topic.Topic, topic.Epoch, ofTopic[0].LastOffset);
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

        foreach (var (backlog, first, reason) in refused)
            await SetAsideAsync(backlog, first, reason, cancellationToken);
        return unanswered;
    }

    /// <summary>
    /// The first event that was refused leaves one without content in its place. When that is refused, too, it is for its topic, and so are
    /// all that follow it.
    /// </summary>
    private async Task SetAsideAsync(OutboxBacklog backlog, int first, string reason, CancellationToken cancellationToken)
    {
        IReadOnlyList<OutboxEvent> events = backlog.Events[first].Payload.Length > 0 ? [backlog.Events[first]] : [.. backlog.Events.Skip(first)];
        await store.SetAsideAsync(backlog.Topic, events, reason, time.GetUtcNow().ToUnixTimeMilliseconds(), cancellationToken);
        metrics.SetAside = await store.CountSetAsideAsync(cancellationToken);
        LogSetAside(events.Count, backlog.Topic.Topic, events[0].Offset, reason);
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
            LogRelaying();
        else if (!has)
            metrics.OldestMs = -1;
        return has;
    }

    private async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (leasedAt == long.MinValue)
            return;
        leasedAt = long.MinValue;
        metrics.OldestMs = -1;
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

    private bool IsDue(ref long last, TimeSpan interval)
    {
        var now = time.GetTimestamp();
        if (last != long.MinValue && time.GetElapsedTime(last, now) < interval)
            return false;
        last = now;
        return true;
    }

    /// <summary>
    /// Waits, a little longer each time. When it has lasted for as long as a lease, it may be that this replica alone does not reach the
    /// log: it stands back, so that another can try.
    /// </summary>
    private async Task FailAsync(Exception? exception, CancellationToken stoppingToken)
    {
        // Of the database the process has said so, once for all.
        if (!saidThatItIsAway && exception is not DatabaseAwayException)
        {
            saidThatItIsAway = true;
            LogAway(exception);
        }
        else if (exception is not null)
        {
            LogStillAway(exception, backoff.Failures);
        }

        var now = time.GetTimestamp();
        if (awaySince == long.MinValue)
            awaySince = now;
        var standBack = time.GetElapsedTime(awaySince, now) > options.LeaseDuration;
        var delay = backoff.Next();
        try
        {
            if (standBack)
            {
                awaySince = now;
                delay = Jitter.Between(options.LeaseDuration / 2, options.LeaseDuration);
                await ReleaseAsync(stoppingToken);
            }

            await Task.Delay(delay, time, stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    [LoggerMessage(LogLevel.Debug, "This process relays the outbox")]
    private partial void LogRelaying();

    [LoggerMessage(LogLevel.Warning, "The outbox waits: its log is away")]
    private partial void LogAway(Exception? exception);

    [LoggerMessage(LogLevel.Debug, "The outbox still waits, after {Failures} attempts")]
    private partial void LogStillAway(Exception exception, int failures);

    [LoggerMessage(LogLevel.Warning, "Committed events have waited for the log for {Waited}: {Cause}")]
    private partial void LogWaits(TimeSpan waited, string cause);

    [LoggerMessage(LogLevel.Information, "The outbox is relayed again, after {Failures} failed attempts")]
    private partial void LogBack(int failures);

    [LoggerMessage(LogLevel.Warning, "The log of {Gaps} topics lacks events, that of {Conflicts} has others than the database, such as {Topic}: they are appended again")]
    private partial void LogRefused(int gaps, int conflicts, string topic);

    [LoggerMessage(LogLevel.Error, "{Count} events of {Topic} from offset {Offset} on are set aside in OutboxQuarantine, since the log refuses them: {Reason}")]
    private partial void LogSetAside(int count, string topic, long offset, string reason);

    [LoggerMessage(LogLevel.Debug, "The relay's lease was not given back: {Cause}")]
    private partial void LogNotReleased(string cause);
}

/// <summary>How a round of the relay went.</summary>
internal enum OutboxRound
{
    /// <summary>There was nothing to relay.</summary>
    Idle,

    /// <summary>There may be more to do.</summary>
    More,

    /// <summary>Another replica has the lease.</summary>
    Standby,

    /// <summary>The log did not answer for some topics; those of the others got on.</summary>
    Partial,

    /// <summary>The log did not answer.</summary>
    Unanswered,
}
