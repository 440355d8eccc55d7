namespace Microservices.Streaming.Events;

/// <summary>
/// What one stream adds to a sum over all streams. However reports overlap, the sum contains the newest one, and nothing once the stream has
/// ended, even if a report comes late. Thread-safe.
/// </summary>
internal sealed class QueuedBytes(Action<long> add)
{
    private const long Ended = -1;
    private long _reported;

    /// <summary>How much it is now.</summary>
    internal void Report(long bytes)
    {
        var reported = Volatile.Read(ref _reported);
        // A report that comes between has newer bytes, or the end.
        if (reported != Ended && reported != bytes && Interlocked.CompareExchange(ref _reported, bytes, reported) == reported)
            add(bytes - reported);
    }

    /// <summary>The stream has ended: it adds nothing from now on. Called once.</summary>
    internal void End()
    {
        if (Interlocked.Exchange(ref _reported, Ended) is > 0 and var reported)
            add(-reported);
    }
}
