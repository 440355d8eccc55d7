using System.Threading.Tasks.Sources;

namespace Microservices.Primitives;

/// <summary>
/// An auto-reset event that one loop waits for, without allocation: set before the wait, it lets the next wait return at once; set many
/// times before the loop goes on, it wakes it once. Whoever sets it has done so after it made its work visible, and the loop looks for work
/// after it was woken, so that none is missed. Any number of threads may set it. Not sealed: what is made by the ten thousand is its own event.
/// </summary>
public class SingleWaiterAutoResetEvent : IValueTaskSource<bool>
{
    // Waiting stands from the beginning of a wait until the waiter has gone on, Signaled from the first Set until then.
    private const int Signaled = 1;
    private const int Waiting = 2;
    private ManualResetValueTaskSourceCore<bool> _core;
    private int _state;

    /// <summary>Wakes the waiter, which goes on in the thread pool.</summary>
    public void Set()
    {
        if (Signal())
            Resume(inThreadPool: true);
    }

    /// <summary>Wakes the waiter, which goes on in the caller's place before this returns: the caller holds no lock.</summary>
    public void SetInline()
    {
        if (Signal())
            Resume(inThreadPool: false);
    }

    /// <summary>As <see cref="Set"/>, but a waiter is left to the caller to <see cref="Resume"/>: then true.</summary>
    public bool Signal() => Interlocked.Or(ref _state, Signaled) == Waiting;

    /// <summary>Lets the waiter go on, in the thread pool or in the caller's place. Once for each time that <see cref="Signal"/> was true.</summary>
    public void Resume(bool inThreadPool)
    {
        _core.RunContinuationsAsynchronously = inThreadPool;
        _core.SetResult(true);
    }

    /// <summary>Returns once it was set, and resets it. Await it once, at once.</summary>
    /// <returns>Always true, so that a reader's <c>WaitToReadAsync</c> may pass it on.</returns>
    /// <exception cref="InvalidOperationException">Another waits already.</exception>
    public ValueTask<bool> WaitAsync()
    {
        var before = Interlocked.Or(ref _state, Waiting);
        if ((before & Waiting) != 0)
            throw new InvalidOperationException("One waits already, and only one may.");
        if ((before & Signaled) == 0)
            return new ValueTask<bool>(this, _core.Version);
        Reset();
        return new ValueTask<bool>(true);
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        _core.GetResult(token);
        _core.Reset();
        Reset();
        return true;
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    // With a full fence: what the waiter reads next was written before any Set that is lost here.
    private void Reset() => Interlocked.Exchange(ref _state, 0);
}
