namespace Microservices.Streaming.Events;

/// <summary>What waits to be written on all event streams of the process, whatever their method. A singleton; thread-safe.</summary>
internal sealed class TotalQueued
{
    private long _bytes;

    /// <summary>How much, in bytes.</summary>
    internal long Bytes => Volatile.Read(ref _bytes);

    internal void Add(long change) => Interlocked.Add(ref _bytes, change);
}
