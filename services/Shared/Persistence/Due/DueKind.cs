using Microservices.Primitives;

namespace Microservices.Persistence;

/// <summary>What the database has of a kind: how many wait, are due and are quarantined, and the first of those that are due.</summary>
internal readonly record struct DueCounts(long Waiting, long Due, long Quarantined, long FirstDue, TimeSpan Late);

/// <summary>A kind of due work, as this process handles it: what wakes its worker, when failed work is due again, and how it gets on. Thread-safe.</summary>
internal sealed class DueKind(string name, IReadOnlyList<TimeSpan> retryDelays, TimeProvider time) : IDisposable
{
    private readonly Lock gate = new();
    private DueCounts counts;
    private long firstSince;
    private int running;

    public string Name => name;

    /// <summary>Set when there may be work to take.</summary>
    public CommitSignal Signal { get; } = new();

    public int MaxAttempts => retryDelays.Count + 1;

    public int Running => Volatile.Read(ref running);

    public DueCounts Counts
    {
        get
        {
            lock (gate)
                return counts;
        }
    }

    /// <summary>For how long the same work has been seen to be due, by this process's monotonic time; zero while work is begun.</summary>
    public TimeSpan Stalled
    {
        get
        {
            lock (gate)
                return counts.FirstDue == 0 ? TimeSpan.Zero : time.GetElapsedTime(firstSince);
        }
    }

    /// <summary>The schedule of kinds that have none: the first wait, doubled with each failure up to the longest.</summary>
    public static IReadOnlyList<TimeSpan> Schedule(DueOptions options) =>
        [.. Enumerable.Range(0, options.MaxAttempts - 1).Select(i =>
            TimeSpan.FromMilliseconds(Math.Min(options.MaxRetry.TotalMilliseconds, options.FirstRetry.TotalMilliseconds * Math.Pow(2, i))))];

    /// <summary>When work that failed is due again: by the schedule, up to a fifth later, and not before what was asked for; null when its attempts are used up.</summary>
    public TimeSpan? NextRetry(int attempts, TimeSpan? atLeast)
    {
        if (attempts >= MaxAttempts)
            return null;
        var delay = retryDelays[Math.Max(0, attempts - 1)];
        if (atLeast > delay)
            delay = atLeast < NewDueWork.MaxDelay ? atLeast.Value : NewDueWork.MaxDelay;
        return Jitter.Between(delay, 1.2 * delay);
    }

    public void Begin() => Interlocked.Increment(ref running);

    /// <summary>An attempt has ended, and its place is free.</summary>
    public void End()
    {
        Interlocked.Decrement(ref running);
        Signal.Set();
    }

    public void Saw(DueCounts now)
    {
        lock (gate)
        {
            if (now.FirstDue != counts.FirstDue)
                firstSince = time.GetTimestamp();
            counts = now;
        }
    }

    public void Dispose() => Signal.Dispose();
}
