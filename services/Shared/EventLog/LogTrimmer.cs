using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// Keeps what this process appends within the budgets in bytes, one for durable and one for transient topics: the oldest events go first,
/// whatever their topic. In the background, a little at a time, as soon as there is too much. A Redis that has run out of memory shows
/// that the budgets are too large for it: they are smaller for a while then.
/// </summary>
internal sealed partial class LogTrimmer
{
    // A script of so many pops keeps Redis from others for about 0.2 ms.
    private const int EventsPerCall = 512;
    private const int CallsAtOnce = 256;
    private const double Enough = 0.95;
    private const long LeastBudget = 256 << 10;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    private readonly RedisConnection redis;
    private readonly EventLogMetrics metrics;
    private readonly TimeProvider time;
    private readonly ILogger<LogTrimmer> logger;
    private readonly Kept durable;
    private readonly Kept transient;
    private readonly Channel<bool> over = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private int outOfMemory;
    private volatile bool trimming;

    public LogTrimmer(RedisConnection redis, EventLogMetrics metrics, IOptions<EventLogOptions> options, TimeProvider time, ILogger<LogTrimmer> logger)
    {
        (this.redis, this.metrics, this.time, this.logger) = (redis, metrics, time, logger);
        durable = new(options.Value.MaxBytes, options.Value);
        transient = new(options.Value.MaxTransientBytes, options.Value);
        metrics.Use = () => (durable.Use, transient.Use);
    }

    /// <summary>About what this process's topics take of Redis's memory, in bytes.</summary>
    public long Held => durable.Ledger.Held + transient.Ledger.Held;

    /// <summary>Whether there is nothing to let go.</summary>
    public bool IsWithinBudget => durable.Ledger.Held <= durable.Budget && transient.Ledger.Held <= transient.Budget && !trimming;

    /// <summary>Takes in how much a topic holds after an append.</summary>
    public void Appended(string topic, bool isDurable, in LogSize size)
    {
        var kept = isDurable ? durable : transient;
        kept.Ledger.Appended(topic, size, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (kept.Ledger.Held > kept.Budget)
            Hurry();
    }

    /// <summary>Redis refused an append for want of memory.</summary>
    public void OutOfMemory()
    {
        Volatile.Write(ref outOfMemory, 1);
        Hurry();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await WaitAsync(cancellationToken);
            var refused = Interlocked.Exchange(ref outOfMemory, 0) == 1;
            foreach (var kept in (ReadOnlySpan<Kept>)[durable, transient])
                kept.Adapt(refused, time);
            trimming = true;
            try
            {
                await TrimAsync(durable, cancellationToken);
                await TrimAsync(transient, cancellationToken);
            }
            catch (Exception e) when (RedisErrors.IsUnavailable(e))
            {
                // What was not let go expires. Redis that came back may have lost it all in any case.
                LogNotTrimmed(e);
                await Task.Delay(Round, time, cancellationToken);
            }

            trimming = false;
            if (refused)
                await Task.Delay(Round, time, cancellationToken);
        }
    }

    private void Hurry() => over.Writer.TryWrite(true);

    /// <summary>Returns when there is too much, or in any case after a while, for what only time makes too old.</summary>
    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(Round, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await over.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It is time.
        }
    }

    private async Task TrimAsync(Kept kept, CancellationToken cancellationToken)
    {
        var budget = kept.Budget;
        var trims = kept.Ledger.Trim(kept.Ledger.Held > budget ? (long)(budget * Enough) : budget, time.GetUtcNow().ToUnixTimeMilliseconds());
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

    [LoggerMessage(1, LogLevel.Debug, "Redis did not answer the trimming of topics")]
    private partial void LogNotTrimmed(Exception e);

    /// <summary>What is kept of one kind, and how much may be.</summary>
    private sealed class Kept(long most, EventLogOptions options)
    {
        private readonly TimeSpan recovery = options.MaxAge;
        private readonly long most = most;
        private long budget = most;
        private long shrunkAt;

        public LogLedger Ledger { get; } = new(options.MaxAge, options.IdleTopicRetention);

        public long Budget => Volatile.Read(ref budget);

        public LogUse Use => new(Ledger.Held, Budget);

        /// <summary>Three quarters of what there is when Redis has no memory; the whole again when it has had enough for as long as events are kept.</summary>
        public void Adapt(bool refused, TimeProvider time)
        {
            if (refused)
            {
                Volatile.Write(ref budget, Math.Max(Math.Min(LeastBudget, budget), Math.Min(Ledger.Held, budget) * 3 / 4));
                shrunkAt = time.GetTimestamp();
            }
            else if (budget < most && time.GetElapsedTime(shrunkAt) > recovery)
            {
                Volatile.Write(ref budget, most);
            }
        }
    }
}
