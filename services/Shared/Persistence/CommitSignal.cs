namespace Microservices.Persistence;

/// <summary>Tells a loop of this process that something was committed here that it waits for.</summary>
internal class CommitSignal : IDisposable
{
    private readonly SemaphoreSlim signal = new(0);
    private int set;

    public void Set()
    {
        if (Interlocked.Exchange(ref set, 1) == 0)
            signal.Release();
    }

    /// <summary>Returns when set, and unsets it, or after the time.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        if (await signal.WaitAsync(atMost, cancellationToken))
            Volatile.Write(ref set, 0);
    }

    public void Dispose() => signal.Dispose();
}
