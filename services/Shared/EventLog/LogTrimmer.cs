using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// Keeps what this process appends within the budgets in bytes, one for durable and one for transient topics: the oldest events are removed
/// first, whatever their topic. It works in the background, a little at a time, as soon as there is too much.
/// </summary>
internal sealed partial class LogTrimmer
{
    // A script of so many pops keeps Redis from others for about 0.2 ms.
    private const int EventsPerCall = 512;
    private const int CallsAtOnce = 256;
    private const double Enough = 0.95;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    private readonly RedisConnection redis;
    private readonly EventLogMetrics metrics;
    private readonly TimeProvider time;
    private readonly ILogger<LogTrimmer> logger;
    private readonly LogBudget durable;
    private readonly LogBudget transient;
    private readonly Alarm over;
    private int outOfMemory;
    private volatile bool trimming;

    public LogTrimmer(RedisConnection redis, EventLogMetrics metrics, IOptions<EventLogOptions> options, TimeProvider time, ILogger<LogTrimmer> logger)
    {
        (this.redis, this.metrics, this.time, this.logger) = (redis, metrics, time, logger);
        over = new(time);
        durable = new(options.Value.MaxBytes, options.Value, time);
        transient = new(options.Value.MaxTransientBytes, options.Value, time);
        metrics.Use = () => (durable.Use, transient.Use);
    }

    /// <summary>About what this process's topics take of Redis's memory, in bytes.</summary>
    public long Held => durable.Ledger.Held + transient.Ledger.Held;

    /// <summary>How much they may take, in bytes: the settings, or less after Redis ran out of memory.</summary>
    public long Budget => durable.Bytes + transient.Bytes;

    /// <summary>Whether no events are to be removed.</summary>
    public bool IsWithinBudget => !durable.IsExceeded && !transient.IsExceeded && !trimming;

    /// <summary>Takes in how much a topic holds after an append.</summary>
    public void Appended(string topic, bool isDurable, in LogSize size)
    {
        var budget = isDurable ? durable : transient;
        budget.Ledger.Appended(topic, size, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (budget.IsExceeded)
            over.Wake();
    }

    /// <summary>Redis refused an append for want of memory.</summary>
    public void OutOfMemory()
    {
        Volatile.Write(ref outOfMemory, 1);
        over.Wake();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // Also when there is not too much: events get too old by themselves.
            await over.WaitAsync(Round, cancellationToken);
            var refused = Interlocked.Exchange(ref outOfMemory, 0) == 1;
            durable.Adapt(refused);
            transient.Adapt(refused);
            trimming = true;
            try
            {
                await TrimAsync(durable, cancellationToken);
                await TrimAsync(transient, cancellationToken);
            }
            catch (Exception e) when (RedisErrors.IsUnavailable(e))
            {
                // What was not removed expires, and a Redis that comes back may have lost it anyway.
                LogNotTrimmed(e);
                await Task.Delay(Round, time, cancellationToken);
            }

            trimming = false;
            if (refused)
                await Task.Delay(Round, time, cancellationToken);
        }
    }

    private async Task TrimAsync(LogBudget budget, CancellationToken cancellationToken)
    {
        var limit = budget.IsExceeded ? (long)(budget.Bytes * Enough) : budget.Bytes;
        var trims = budget.Ledger.Trim(limit, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (trims.Count == 0)
            return;
        var database = await redis.DatabaseAsync(cancellationToken);
        foreach (var some in trims.SelectMany(Calls).Chunk(CallsAtOnce))
            await Task.WhenAll(some.Select(trim => TrimAsync(database, trim))).WaitAsync(cancellationToken);
    }

    private static IEnumerable<LogTrim> Calls(LogTrim trim)
    {
        for (var more = trim.Events; more > EventsPerCall; more -= EventsPerCall)
            yield return trim with { UpTo = trim.UpTo - more + EventsPerCall };
        yield return trim;
    }

    private async Task TrimAsync(IDatabase database, LogTrim trim)
    {
        var dropped = (long)await database.ScriptEvaluateAsync(LogScripts.Trim, redis.Keys(trim.Topic), [trim.Epoch, trim.UpTo, trim.Forget ? 1 : 0]);
        if (dropped > 0)
            metrics.Trimmed(dropped);
    }

    [LoggerMessage(1, LogLevel.Debug, "Redis did not answer when old events were to be removed")]
    private partial void LogNotTrimmed(Exception e);
}
