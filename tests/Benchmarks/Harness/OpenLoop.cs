using System.Runtime.InteropServices;
using HdrHistogram;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>How a call ended.</summary>
internal enum Outcome
{
    /// <summary>With what was asked for.</summary>
    Good,

    /// <summary>Refused because there is too much to do.</summary>
    Refused,

    /// <summary>In any other way.</summary>
    Failed,
}

/// <summary>Latencies in milliseconds, of an HdrHistogram with three digits.</summary>
internal sealed record Latencies(long Count, double P50, double P95, double P99, double P999, double Max)
{
    public static Latencies Of(HistogramBase histogram) => new(
        histogram.TotalCount, At(histogram, 50), At(histogram, 95), At(histogram, 99), At(histogram, 99.9), At(histogram, 100));

    private static double At(HistogramBase histogram, double percentile) => histogram.TotalCount == 0 ? 0 : histogram.GetValueAtPercentile(percentile) / 1000.0;
}

/// <summary>What an open loop measured.</summary>
/// <param name="Seconds">How long calls were begun.</param>
/// <param name="GoodPerSecond">Calls that ended well in that time, by second; when they are begun late, and so for longer, that does not count.</param>
/// <param name="Good">Latencies of the calls that ended well.</param>
/// <param name="Refused">Of those refused.</param>
/// <param name="Failed">Of those that failed, or had not ended within ten seconds of the last.</param>
/// <param name="NotSent">Calls that were due while as many as allowed were under way: the load generator's limit, not the server's.</param>
internal sealed record OpenLoopResult(double Seconds, double GoodPerSecond, Latencies Good, Latencies Refused, Latencies Failed, long NotSent);

/// <summary>
/// Begins calls at a fixed rate, whether or not the earlier ones have ended, as callers who know nothing of each other do. Latency counts
/// from when a call was due, not from when it was sent: a server, or a generator, that stalls is charged for every call that would have been
/// made meanwhile (what leaves these out is called coordinated omission).
/// </summary>
internal static class OpenLoop
{
    private const long MaxMicroseconds = 600_000_000;
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Runs for a duration.</summary>
    /// <param name="perSecond">Calls to begin a second.</param>
    /// <param name="duration">How long.</param>
    /// <param name="call">Makes the call with this number; begun on the pacing thread, so it must not block.</param>
    /// <param name="cancellationToken">Ends it, with an exception.</param>
    /// <param name="maxInFlight">The most calls under way at once.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="sleep">Lets time pass until a call is due; it may come back early.</param>
    public static async Task<OpenLoopResult> RunAsync(
        double perSecond, TimeSpan duration, Func<long, CancellationToken, Task<Outcome>> call, CancellationToken cancellationToken, int maxInFlight = 50_000,
        TimeProvider? time = null, Action<TimeSpan>? sleep = null)
    {
        using var run = new Run(call, maxInFlight, time ?? TimeProvider.System, sleep ?? Sleep);
        // A thread of its own: the pool's threads are for the calls.
        await Task.Factory.StartNew(() => run.Pace(perSecond, duration, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return await run.EndAsync(duration, cancellationToken);
    }

    private sealed class Run(Func<long, CancellationToken, Task<Outcome>> call, int maxInFlight, TimeProvider time, Action<TimeSpan> sleep) : IDisposable
    {
        private readonly LongConcurrentHistogram[] _histograms = [.. Enum.GetValues<Outcome>().Select(_ => new LongConcurrentHistogram(1, MaxMicroseconds, 3))];
        private readonly CancellationTokenSource _over = new(Timeout.InfiniteTimeSpan, time);
        private int _inFlight;
        private long _inTime;
        private long _end;
        private long _notSent;

        public void Pace(double perSecond, TimeSpan duration, CancellationToken cancellationToken)
        {
            var ticks = time.TimestampFrequency / perSecond;
            var count = (long)(perSecond * duration.TotalSeconds);
            var start = time.GetTimestamp();
            _end = start + (long)(time.TimestampFrequency * duration.TotalSeconds);
            for (var i = 0L; i < count; i++)
            {
                var due = start + (long)(i * ticks);
                while (time.GetElapsedTime(time.GetTimestamp(), due) is { Ticks: > 0 } early)
                    sleep(early);
                cancellationToken.ThrowIfCancellationRequested();
                if (Volatile.Read(ref _inFlight) >= maxInFlight)
                {
                    _notSent++;
                    continue;
                }

                Interlocked.Increment(ref _inFlight);
                _ = ObserveAsync(i, due);
            }
        }

        public async Task<OpenLoopResult> EndAsync(TimeSpan duration, CancellationToken cancellationToken)
        {
            _over.CancelAfter(EndTimeout);
            while (Volatile.Read(ref _inFlight) > 0)
                await Task.Delay(5, cancellationToken);
            return new(duration.TotalSeconds, _inTime / duration.TotalSeconds, Latencies.Of(_histograms[0]), Latencies.Of(_histograms[1]), Latencies.Of(_histograms[2]), _notSent);
        }

        public void Dispose() => _over.Dispose();

        private async Task ObserveAsync(long number, long due)
        {
            var outcome = Outcome.Failed;
            try
            {
                outcome = await call(number, _over.Token);
            }
            catch (Exception)
            {
                // Whatever it was: it counts as failed.
            }

            var now = time.GetTimestamp();
            var latency = (long)time.GetElapsedTime(due, now).TotalMicroseconds;
            if (outcome == Outcome.Good && now <= _end)
                Interlocked.Increment(ref _inTime);
            _histograms[(int)outcome].RecordValue(Math.Clamp(latency, 1, MaxMicroseconds));
            Interlocked.Decrement(ref _inFlight);
        }
    }

    /// <summary>Thread.Sleep is to the millisecond; this one is about 60 microseconds late.</summary>
    private static void Sleep(TimeSpan time)
    {
        var span = new Timespec { Seconds = (nint)(time.Ticks / TimeSpan.TicksPerSecond), Nanoseconds = (nint)(time.Ticks % TimeSpan.TicksPerSecond * 100) };
        _ = NanoSleep(in span, IntPtr.Zero);
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NanoSleep(in Timespec time, IntPtr left);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
