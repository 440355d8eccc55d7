using System.Diagnostics;

namespace Microservices.Streaming.Calls;

/// <summary>
/// A hard budget for extra calls: a token bucket that regular calls fill, as in gRPC's retry throttling (A6). n regular calls allow at
/// most n x ratio extra ones, however they are spread, since the bucket starts empty. It holds ten at most, so that a quiet hour allows no
/// burst. Not thread-safe.
/// </summary>
internal sealed class TokenBudget(double ratio)
{
    private const double Capacity = 10;
    private double _tokens;

    /// <summary>A regular call is made.</summary>
    internal void Earn() => _tokens = Math.Min(Capacity, _tokens + ratio);

    /// <summary>Whether one extra call is allowed.</summary>
    internal bool MaySpend => _tokens >= 1;

    /// <summary>An extra call is made, which is allowed.</summary>
    internal void Spend()
    {
        Debug.Assert(MaySpend);
        _tokens -= 1;
    }
}
