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
    OutboxStore<TContext> store, RelayLease<TContext> lease, BatchAppender<TContext> appender, OutboxCheck<TContext> check, RelayBackoff backoff,
    OutboxSignal<TContext> signal, IOptions<OutboxOptions> settings, OutboxMetrics metrics, OutboxProgress progress, TimeProvider time, ILogger<OutboxRelay<TContext>> logger)
    : BackgroundService
    where TContext : ServiceDbContext
{
    private static readonly TimeSpan AgeInterval = TimeSpan.FromSeconds(5);

    private readonly OutboxOptions options = settings.Value;
    private readonly Outage outage = new(time);
    private long? agedAt;
    private bool hasReportedStall;
    private string resumeAfter = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var round = await RunOnceAsync(stoppingToken);
                if (round == OutboxRound.Unanswered)
                {
                    await BackOffAsync(null, stoppingToken);
                    continue;
                }

                Recover();
                if (round == OutboxRound.Standby)
                    await Task.Delay(options.LeaseDuration / 4, time, stoppingToken);
                else if (round is OutboxRound.Idle or OutboxRound.Partial)
                    await signal.WaitAsync(options.PollInterval, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
            catch (Exception exception)
            {
                // Whatever the log or the database throw: the outbox must go on, or its events would never be published.
                await BackOffAsync(exception, stoppingToken);
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await ReleaseAsync(cancellationToken);
    }

    /// <summary>Relays what waits in each topic, and does what else is due.</summary>
    private async Task<OutboxRound> RunOnceAsync(CancellationToken cancellationToken)
    {
        var round = await RelayAsync(cancellationToken);
        if (round == OutboxRound.Standby)
            return round;
        if (round == OutboxRound.Unanswered || agedAt is not { } aged || time.GetElapsedTime(aged) >= AgeInterval)
        {
            agedAt = time.GetTimestamp();
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

        return round == OutboxRound.Idle && check.Sweeping ? OutboxRound.More : round;
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
            var waiting = await store.ReadWaitingAsync(last, options.BatchEvents, options.BatchBytes, cancellationToken);
            if (waiting.Count == 0 && begun.Length == 0)
                break;
            if (waiting.Count == 0)
            {
                (begun, last) = ("", "");
                continue;
            }

            if (!await HoldLeaseAsync(cancellationToken))
            {
                ReportStall(waiting[0].Topic, "another process has the lease and does not bring them there");
                return OutboxRound.Standby;
            }

            var unanswered = await appender.AppendAsync(waiting, cancellationToken);
            if (unanswered.Count > 0)
                ReportStall(unanswered[0], "it does not answer");
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
        progress.Progressed();
        hasReportedStall = false;
        return round;
    }

    private async Task<bool> HoldLeaseAsync(CancellationToken cancellationToken)
    {
        if (await lease.HoldAsync(cancellationToken))
            return true;
        metrics.OldestMs = -1;
        return false;
    }

    private async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (!lease.IsHeld)
            return;
        metrics.OldestMs = -1;
        await lease.ReleaseAsync(cancellationToken);
    }

    private void ReportStall(OutboxTopic topic, string cause)
    {
        progress.Stalled(topic, cause);
        if (hasReportedStall || progress.Stall.Waited < OutboxProgress.StallThreshold(options))
            return;
        hasReportedStall = true;
        LogWaits(progress.Stall.Waited, cause);
    }

    /// <summary>Something answered.</summary>
    private void Recover()
    {
        if (backoff.Failures == 0)
            return;
        if (outage.End() is { } lasted)
            LogBack(lasted, backoff.Failures);
        backoff.Reset();
        check.Sweep();
    }

    private async Task BackOffAsync(Exception? exception, CancellationToken stoppingToken)
    {
        // A log that does not answer may not be up yet. That the database is away the process has said.
        var isLogAway = exception is null or EventLogUnavailableException;
        if (exception is not DatabaseAwayException && outage.Begin(isExpected: isLogAway))
            LogAway(isLogAway ? null : exception, backoff.Failures);
        else
            LogStillAway(exception, backoff.Failures);
        var (delay, givesWay) = backoff.Next();
        try
        {
            if (givesWay)
                await ReleaseAsync(stoppingToken);
            await Task.Delay(delay, time, stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    [LoggerMessage(LogLevel.Warning, "The outbox waits because the log does not answer; {Failures} attempts failed before")]
    private partial void LogAway(Exception? exception, int failures);

    [LoggerMessage(LogLevel.Debug, "The outbox waits; {Failures} attempts failed before")]
    private partial void LogStillAway(Exception? exception, int failures);

    [LoggerMessage(LogLevel.Warning, "Committed events have waited for the log for {Waited}: {Cause}")]
    private partial void LogWaits(TimeSpan waited, string cause);

    [LoggerMessage(LogLevel.Information, "The outbox is relayed again, after {Lasted} and {Failures} failed attempts")]
    private partial void LogBack(TimeSpan lasted, int failures);
}
