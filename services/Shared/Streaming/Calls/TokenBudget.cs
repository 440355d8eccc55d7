using System.Diagnostics;

namespace Microservices.Streaming.Calls;

/// <summary>
/// A hard budget for extra work, as a token bucket that regular work fills (as gRPC's retry throttling, A6): n regular calls allow at
/// most n x ratio extra ones, however they are spread, since the bucket starts empty. Saved up to ten, so that a quiet hour allows no
/// burst. Not thread-safe: guarded by its owner's lock.
/// </summary>
internal sealed class TokenBudget(double ratio)
{
    private const double Capacity = 10;
    private double _tokens;

    internal void Earn() => _tokens = Math.Min(Capacity, _tokens + ratio);

    /// <summary>Whether one extra call is allowed.</summary>
    internal bool MaySpend => _tokens >= 1;

    /// <summary>Makes one, which is allowed.</summary>
    internal void Spend()
    {
        Debug.Assert(MaySpend);
        _tokens -= 1;
    }
}
