using System.Numerics;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The 95th percentile of what was recorded in the last one to two windows. Log-linear buckets, as in HdrHistogram: eight to a power
/// of two, so that the estimate is at most 12.5 % too high, never too low. Not thread-safe.
/// </summary>
internal sealed class LatencyWindow(TimeSpan window, TimeProvider time)
{
    private const int MinSamples = 50;
    private const int RecomputeAfter = 64;
    private const int Buckets = 36 * 8;
    private int[] _now = new int[Buckets];
    private int[] _before = new int[Buckets];
    private int _count;
    private int _countBefore;
    private int _sinceComputed;
    private long _started = time.GetTimestamp();
    private TimeSpan? _p95;

    /// <summary>The percentile; null until there are 50 samples.</summary>
    internal TimeSpan? P95 => _p95;

    /// <summary>Records one latency.</summary>
    internal void Record(TimeSpan latency, long now)
    {
        if (time.GetElapsedTime(_started, now) >= window)
            Turn(now);
        _now[Bucket((long)latency.TotalMicroseconds)]++;
        _count++;
        if (++_sinceComputed >= RecomputeAfter || (_p95 is null && _count + _countBefore >= MinSamples))
            Compute();
    }

    private void Turn(long now)
    {
        (_now, _before) = (_before, _now);
        Array.Clear(_now);
        _countBefore = _count;
        _count = 0;
        _started = now;
    }

    private void Compute()
    {
        _sinceComputed = 0;
        var total = _count + _countBefore;
        if (total < MinSamples)
        {
            _p95 = null;
            return;
        }

        var above = total - (int)Math.Ceiling(total * 0.95);
        var bucket = Buckets - 1;
        for (var seen = 0; bucket > 0; bucket--)
        {
            seen += _now[bucket] + _before[bucket];
            if (seen > above)
                break;
        }

        _p95 = TimeSpan.FromMicroseconds(UpperEdge(bucket));
    }

    private static int Bucket(long microseconds)
    {
        if (microseconds < 8)
            return (int)Math.Max(0, microseconds);
        var exponent = BitOperations.Log2((ulong)microseconds);
        return Math.Min(Buckets - 1, ((exponent - 2) * 8) + (int)((microseconds >> (exponent - 3)) & 7));
    }

    private static long UpperEdge(int bucket)
    {
        if (bucket < 8)
            return bucket + 1;
        var exponent = (bucket / 8) + 2;
        return (8L + (bucket % 8) + 1) << (exponent - 3);
    }
}
