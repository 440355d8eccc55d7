namespace Microservices.Persistence;

/// <summary>Tells the relay of this process that events were committed here.</summary>
internal sealed class OutboxSignal<TContext> : IDisposable
    where TContext : ServiceDbContext
{
    private readonly SemaphoreSlim set = new(0, 1);

    public void Set()
    {
        try
        {
            set.Release();
        }
        catch (SemaphoreFullException)
        {
            // Set already, by another commit at the same time.
        }
    }

    /// <summary>Returns when set, and unsets it, or after the time.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => set.WaitAsync(atMost, cancellationToken);

    public void Dispose() => set.Dispose();
}
