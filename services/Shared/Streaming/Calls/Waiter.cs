using System.Threading.Tasks.Sources;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// One caller that waits for the outcome of a call: the completion source of its ValueTask, its deadline and its cancellation. Used again from call
/// to call. Several wait for one <see cref="PendingCall{TCall, TResult}"/> when identical calls share it. Its state is guarded by the table's
/// lock, and it is completed exactly once: by whoever finds <see cref="Call"/> set, and clears it.
/// </summary>
internal sealed class Waiter<TCall, TResult> : DeadlineNode, IValueTaskSource<TResult>
    where TCall : class, ICall, Google.Protobuf.IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly CallTable<TCall, TResult> _table;
    private ManualResetValueTaskSourceCore<TResult> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationToken _cancellation;
    private CancellationTokenRegistration _registration;

    internal Waiter(CallTable<TCall, TResult> table)
    {
        _table = table;
        Link = new(this);
    }

    /// <summary>The place in the call's list of waiters.</summary>
    internal LinkedListNode<Waiter<TCall, TResult>> Link { get; }

    /// <summary>The call that is waited for; null once its outcome is known.</summary>
    internal PendingCall<TCall, TResult>? Call { get; set; }

    /// <summary>The clock's timestamp at which waiting ends.</summary>
    internal long Deadline { get; set; }

    internal ValueTask<TResult> Task => new(this, _core.Version);

    /// <summary>Lets the token end the wait. Called before the caller gets the task.</summary>
    internal void CancelWith(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _registration = cancellation.UnsafeRegister(static waiter => ((Waiter<TCall, TResult>)waiter!).Cancel(), this);
    }

    internal void SetResult(TResult result) => _core.SetResult(result);

    internal void SetException(Exception exception) => _core.SetException(exception);

    /// <inheritdoc/>
    protected override void OnDeadline() => _table.LeaveUnsynchronized(this, CallErrors.DeadlineExceeded());

    private void Cancel() => _table.Cancel(this, _cancellation);

    TResult IValueTaskSource<TResult>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            // In a race with a cancellation that is running just now, that may still look at this waiter: then it is not used again.
            if (_registration == default || _registration.Unregister())
            {
                _registration = default;
                _cancellation = default;
                _core.Reset();
                _table.Return(this);
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<TResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
