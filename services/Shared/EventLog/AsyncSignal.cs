using System.Threading.Tasks.Sources;

namespace Microservices.EventLog;

/// <summary>
/// Wakes one waiter: an auto-reset event without allocation. Set before the wait, it wakes the next one; set many times, it wakes once.
/// Any number of threads may set it; one waits at a time.
/// </summary>
internal sealed class AsyncSignal : IValueTaskSource<bool>
{
    private const int Idle = 0;
    private const int Signaled = 1;
    private const int Waiting = 2;
    private ManualResetValueTaskSourceCore<bool> core;
    private int state;

    /// <summary>Wakes the waiter, in the thread pool.</summary>
    public void Set()
    {
        if (Signal())
            Resume(inThreadPool: true);
    }

    /// <summary>As <see cref="Set"/>, but when somebody waits it is left to the caller to <see cref="Resume"/> it: then true.</summary>
    public bool Signal()
    {
        while (true)
        {
            var now = Volatile.Read(ref state);
            if (now == Signaled)
                return false;
            if (Interlocked.CompareExchange(ref state, now == Waiting ? Idle : Signaled, now) == now)
                return now == Waiting;
        }
    }

    /// <summary>Lets the waiter go on, here or in the thread pool. Once for each time that <see cref="Signal"/> was true.</summary>
    public void Resume(bool inThreadPool)
    {
        core.RunContinuationsAsynchronously = inThreadPool;
        core.SetResult(true);
    }

    /// <summary>Always true.</summary>
    public ValueTask<bool> WaitAsync()
    {
        core.Reset();
        if (Interlocked.CompareExchange(ref state, Waiting, Idle) == Idle)
            return new ValueTask<bool>(this, core.Version);
        Volatile.Write(ref state, Idle);
        return new ValueTask<bool>(true);
    }

    bool IValueTaskSource<bool>.GetResult(short token) => core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        core.OnCompleted(continuation, state, token, flags);
}
