namespace Microservices.Primitives;

/// <summary>Times in the unit of a clock's monotonic timestamps (<see cref="TimeProvider.TimestampFrequency"/> of them a second).</summary>
public static class ClockTicks
{
    /// <summary>The longest time that is converted, so that a sum of timestamps does not overflow; a longer one is taken as this.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>A time in ticks of the clock: added to a timestamp, the timestamp after that time.</summary>
    public static long From(TimeSpan time, TimeProvider clock) =>
        (long)(Math.Min(time.TotalSeconds, Longest.TotalSeconds) * clock.TimestampFrequency);

    /// <summary>Whole milliseconds until a timestamp, rounded up; at least 1.</summary>
    public static uint MillisecondsUntil(long timestamp, long now, TimeProvider clock) =>
        (uint)Math.Max(1, Math.Ceiling(clock.GetElapsedTime(now, timestamp).TotalMilliseconds));
}
