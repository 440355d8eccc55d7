namespace Microservices.Streaming.Calls;

/// <summary>Between times and a clock's timestamps.</summary>
internal static class Timestamps
{
    /// <summary>The longest time that a call may take; more is taken as this.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    internal static long From(TimeSpan time, TimeProvider clock) =>
        (long)(Math.Min(time.TotalSeconds, Longest.TotalSeconds) * clock.TimestampFrequency);

    /// <summary>Whole milliseconds until a timestamp, rounded up; at least 1.</summary>
    internal static uint MillisecondsUntil(long timestamp, long now, TimeProvider clock) =>
        (uint)Math.Max(1, Math.Ceiling(clock.GetElapsedTime(now, timestamp).TotalMilliseconds));
}
