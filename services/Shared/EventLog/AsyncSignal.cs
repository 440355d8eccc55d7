using System.Threading.Channels;

namespace Microservices.EventLog;

/// <summary>Wakes one waiter. Set before the wait, it wakes the next one; set many times, it wakes once. Thread-safe.</summary>
internal sealed class AsyncSignal
{
    private readonly Channel<bool> channel =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private int set;

    public void Set()
    {
        // Most calls find it set already: then no lock is taken.
        if (Volatile.Read(ref set) == 0 && Interlocked.Exchange(ref set, 1) == 0)
            channel.Writer.TryWrite(true);
    }

    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        await channel.Reader.ReadAsync(cancellationToken);
        // Before the waiter looks at what it was woken for: what comes later sets it again.
        Interlocked.Exchange(ref set, 0);
    }
}
