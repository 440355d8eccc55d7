using HdrHistogram;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>What has come to all subscribers. Thread-safe.</summary>
internal sealed class Arrivals
{
    private const long LongestMicroseconds = 10 * 60 * 1_000_000L;
    private readonly List<Subscription> subscriptions = [];
    private LongConcurrentHistogram microseconds = new(1, LongestMicroseconds, 3);
    private long deliveries;
    private long repeated;
    private long last;

    /// <summary>A subscription to be told of. Not while events come.</summary>
    public Subscription Add()
    {
        var subscription = new Subscription(this);
        subscriptions.Add(subscription);
        return subscription;
    }

    /// <summary>Notes an event that came.</summary>
    public void Note(long due, long now, bool again)
    {
        microseconds.RecordValue(Math.Clamp((now - due) / TimeSpan.TicksPerMicrosecond, 1, LongestMicroseconds));
        Interlocked.Increment(ref deliveries);
        if (again)
            Interlocked.Increment(ref repeated);
        Volatile.Write(ref last, now);
    }

    public void Mark()
    {
        microseconds = new(1, LongestMicroseconds, 3);
        (deliveries, repeated, last) = (0, 0, 0);
        foreach (var subscription in subscriptions)
            subscription.Forget();
    }

    public Window Read() => new(deliveries, repeated, last, At(50), At(99), At(100));

    public Recovery ReadRecovery(ReadRecovery asked)
    {
        var until = asked.Fault + (long)(asked.Seconds * TimeSpan.TicksPerSecond);
        var times = subscriptions.ConvertAll(s => s.CaughtUpAfter(asked.Fault, until).TotalMilliseconds);
        times.Sort();
        return new(times[times.Count / 2], times[(int)Math.Ceiling(times.Count * 0.99) - 1], times[^1]);
    }

    private double At(double percentile) => deliveries == 0 ? 0 : microseconds.GetValueAtPercentile(percentile) / 1000.0;
}
