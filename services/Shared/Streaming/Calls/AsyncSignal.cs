using System.Threading.Tasks.Sources;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Wakes one loop that waits for work: an auto-reset event without allocation. Any number of threads may set it; one loop waits.
/// Setting it while nobody waits is remembered once. The loop goes on in the thread pool, or, if so asked, in place of who sets it.
/// </summary>
internal class AsyncSignal : IValueTaskSource
{
    private const int Idle = 0;
    private const int Signaled = 1;
    private const int Waiting = 2;
    private ManualResetValueTaskSourceCore<bool> _core;
    private int _state;

    internal void Set() => Set(here: false);

    /// <param name="here">Whether the loop may go on in the caller's place, who then holds no lock.</param>
    internal void Set(bool here)
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state == Signaled)
                return;
            if (Interlocked.CompareExchange(ref _state, state == Waiting ? Idle : Signaled, state) != state)
                continue;
            if (state != Waiting)
                return;
            _core.RunContinuationsAsynchronously = !here;
            _core.SetResult(true);
            return;
        }
    }

    internal ValueTask WaitAsync()
    {
        _core.Reset();
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == Idle)
            return new ValueTask(this, _core.Version);
        Volatile.Write(ref _state, Idle);
        return ValueTask.CompletedTask;
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
