namespace Microservices.EventLog;

/// <summary>
/// How much of Redis's memory the topics of one kind may take, and what they do take. A Redis that has run out of memory shows that the
/// setting is too large for it: then the budget is three quarters of what is used, again and again as long as it goes on, and the whole
/// again once nothing was refused for as long as events are kept. Thread-safe, but that one caller at a time adapts it.
/// </summary>
/// <param name="setting">The budget, in bytes, where Redis has the memory.</param>
/// <param name="options">How long events and the ends of topics are kept.</param>
/// <param name="time">Tells the time.</param>
internal sealed class LogBudget(long setting, EventLogOptions options, TimeProvider time)
{
    /// <summary>It does not become less than this, in bytes, however often Redis refuses.</summary>
    public const long Least = 256 << 10;

    private readonly long setting = setting;
    private long bytes = setting;
    private long reducedAt;

    /// <summary>What the topics take.</summary>
    public LogLedger Ledger { get; } = new(options.MaxAge, options.IdleTopicRetention);

    /// <summary>The budget now, in bytes.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Whether events are to be removed.</summary>
    public bool IsExceeded => Ledger.Held > Bytes;

    /// <summary>What is used of how much.</summary>
    public LogUse Use => new(Ledger.Held, Bytes);

    /// <summary>Called now and then, and at once after Redis has refused to keep an event for want of memory.</summary>
    public void Adapt(bool refused)
    {
        if (refused)
        {
            Volatile.Write(ref bytes, Math.Max(Math.Min(Least, bytes), Math.Min(Ledger.Held, bytes) * 3 / 4));
            reducedAt = time.GetTimestamp();
        }
        else if (bytes < setting && time.GetElapsedTime(reducedAt) > options.MaxAge)
        {
            Volatile.Write(ref bytes, setting);
        }
    }
}
