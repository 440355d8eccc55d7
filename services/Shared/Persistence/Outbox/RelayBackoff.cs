using Microservices.Primitives;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>
/// How the relay waits while nothing answers: a little longer each time. When that has lasted for as long as a lease, it may be that this replica
/// alone does not reach the log: it gives way, so that another can try, and waits for about as long again. Not thread-safe.
/// </summary>
internal sealed class RelayBackoff(IOptions<OutboxOptions> options, TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(20);

    private readonly Backoff backoff = new(First, options.Value.MaxBackoff);
    private readonly TimeSpan leaseDuration = options.Value.LeaseDuration;
    private long? since;

    /// <summary>How often in a row nothing answered.</summary>
    public int Failures => backoff.Failures;

    /// <summary>Something answered.</summary>
    public void Reset()
    {
        backoff.Reset();
        since = null;
    }

    /// <summary>Nothing answered: how long to wait, and whether to give the lease back before.</summary>
    public (TimeSpan Delay, bool GivesWay) Next()
    {
        var now = time.GetTimestamp();
        since ??= now;
        var delay = backoff.Next();
        if (time.GetElapsedTime(since.Value, now) <= leaseDuration)
            return (delay, false);
        since = now;
        return (Jitter.Between(leaseDuration / 2, leaseDuration), true);
    }
}
