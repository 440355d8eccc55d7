namespace Microservices.Primitives;

/// <summary>
/// Whether something that a process needs is away, so that its log has one line when that goes and one when it is back, however often it is tried
/// meanwhile. One that goes without a word is told of at once; one that is not up yet, or has said that it leaves, only when it has stayed away for
/// <see cref="Grace"/>: whoever starts or is replaced is away for some seconds, and nothing is wrong. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class Outage(TimeProvider time)
{
    /// <summary>How long something may be away that is expected to be, before it is told of: 30 s, for as long as names may be kept by caches of DNS.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private long? since;
    private bool isTold;

    /// <summary>It is not there, or still not. True when that is to be told now: once until it is back.</summary>
    /// <param name="isExpected">Whether it starts, or has said that it leaves. Of no effect in an outage that has begun.</param>
    public bool Begin(bool isExpected = true)
    {
        lock (gate)
        {
            if (isTold)
                return false;
            isTold = since is { } began ? time.GetElapsedTime(began) >= Grace : !isExpected;
            since ??= time.GetTimestamp();
            return isTold;
        }
    }

    /// <summary>It is there. How long it was away, when that was told; else null, and there is nothing to tell.</summary>
    public TimeSpan? End()
    {
        lock (gate)
        {
            var lasted = isTold ? time.GetElapsedTime(since!.Value) : default(TimeSpan?);
            (since, isTold) = (null, false);
            return lasted;
        }
    }
}
