using Microservices.Gateway.Errors;
using Microsoft.Extensions.Options;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// How many bytes of overviews wait for their callers to read them, in the whole process: bounded by <see cref="GatewayOptions.MaxUnreadBytes"/>,
/// whoever reads slowly. Bytes are counted as the services sent them. A singleton; thread-safe.
/// </summary>
internal sealed class AnswerBudget(IOptions<GatewayOptions> options)
{
    /// <summary>An answer up to this size is not counted, in bytes: the connection's own buffer takes it.</summary>
    public const int SmallBytes = 32 * 1024;

    private long taken;

    /// <summary>What is taken now, in bytes.</summary>
    public long Taken => Volatile.Read(ref taken);

    /// <summary>Begins an answer that may take so many bytes; beyond that it is too large.</summary>
    public AnswerHold Begin(long maxBytes = long.MaxValue) => new(this, maxBytes, GatewayErrors.AnswerTooLarge);

    /// <summary>Begins a stream of answers, which together may take a quarter of the whole; beyond that its caller reads too slowly.</summary>
    public AnswerHold BeginStream() => new(this, options.Value.MaxUnreadBytes / 4, GatewayErrors.TooMuchUnread);

    internal bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref taken, bytes) <= options.Value.MaxUnreadBytes)
            return true;
        GiveBack(bytes);
        return false;
    }

    internal void GiveBack(long bytes) => Interlocked.Add(ref taken, -bytes);
}

/// <summary>What one answer has taken of the budget, until it is written. Thread-safe; to be disposed of once.</summary>
internal sealed class AnswerHold(AnswerBudget budget, long maxBytes, Func<Status> beyond) : IDisposable
{
    private long held;

    /// <summary>Takes more; null when there was room, else why there was none. Nothing is taken then.</summary>
    public Status? TryTake(long bytes)
    {
        if (Interlocked.Add(ref held, bytes) > maxBytes)
        {
            Interlocked.Add(ref held, -bytes);
            return beyond();
        }

        if (budget.TryTake(bytes))
            return null;
        Interlocked.Add(ref held, -bytes);
        return GatewayErrors.TooMuchUnread();
    }

    /// <summary>Gives back what has been written.</summary>
    public void GiveBack(long bytes)
    {
        Interlocked.Add(ref held, -bytes);
        budget.GiveBack(bytes);
    }

    public void Dispose() => budget.GiveBack(Interlocked.Exchange(ref held, 0));
}
