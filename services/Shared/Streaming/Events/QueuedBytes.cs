namespace Microservices.Streaming.Events;

/// <summary>
/// What one stream adds to a sum over all of them. Whoever reports and in whatever order, the sum has of it the latest that was reported, and
/// once it has ended nothing, whatever is reported late. Thread-safe.
/// </summary>
internal sealed class QueuedBytes(Action<long> add)
{
    private const long Ended = -1;
    private long _reported;

    /// <summary>How much it is now.</summary>
    internal void Report(long bytes)
    {
        var reported = Volatile.Read(ref _reported);
        // Whoever comes between has newer bytes, or the end.
        if (reported != Ended && reported != bytes && Interlocked.CompareExchange(ref _reported, bytes, reported) == reported)
            add(bytes - reported);
    }

    /// <summary>Nothing, from now on. Called once.</summary>
    internal void End()
    {
        if (Interlocked.Exchange(ref _reported, Ended) is > 0 and var reported)
            add(-reported);
    }
}
