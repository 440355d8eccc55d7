using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Tells everybody who waits for a call how it ended, each once, and tells the adaptive limit what that says about the backend's load. Guarded by
/// the lock of the <see cref="CallTable{TCall, TResult}"/>; the waiters go on in the thread pool, never under it.
/// </summary>
/// <param name="gate">The table's lock.</param>
/// <param name="wheel">Holds each waiter until its deadline.</param>
/// <param name="metrics">Counts the outcomes.</param>
/// <param name="shares">What each user has of the adaptive limit; null where there is none.</param>
/// <param name="time">The clock.</param>
internal sealed class CallOutcomes<TCall, TResult>(Lock gate, DeadlineWheel wheel, CallClientMetrics metrics, UserShares? shares, TimeProvider time)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private int _succeeded;

    /// <summary>Lets one more caller wait for the call.</summary>
    internal void Join(PendingCall<TCall, TResult> call, Waiter<TCall, TResult> waiter)
    {
        Debug.Assert(gate.IsHeldByCurrentThread && waiter.Call is null);
        waiter.Call = call;
        call.Waiters.AddLast(waiter.Link);
        call.Deadline = Math.Max(call.Deadline, waiter.Deadline);
        wheel.Add(waiter, waiter.Deadline);
    }

    /// <summary>Fails a caller whose call was not taken.</summary>
    internal void Refuse(Waiter<TCall, TResult> waiter, RpcException why)
    {
        Debug.Assert(gate.IsHeldByCurrentThread && waiter.Call is null);
        if (why.StatusCode == StatusCode.ResourceExhausted)
            metrics.Shed();
        metrics.Ended(why.StatusCode, 1);
        waiter.SetException(why);
    }

    /// <summary>One of the waiters gives up. True when it was the last, so that nobody wants the answer any more.</summary>
    /// <param name="waiter">The waiter, which waits for a call.</param>
    /// <param name="why">An RpcException when its time is up; otherwise its caller has cancelled.</param>
    /// <param name="isReachable">Whether there is a replica. While there is none, waiting says nothing about how much they have to do.</param>
    internal bool Leave(Waiter<TCall, TResult> waiter, Exception why, bool isReachable)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        var call = waiter.Call!;
        call.Waiters.Remove(waiter.Link);
        Complete(waiter, why);
        if (call.Waiters.Count > 0)
            return false;
        if (why is RpcException && isReachable)
            shares?.Limit.TimedOut(time.GetElapsedTime(call.SubmittedAt, waiter.Deadline));
        else
            shares?.Limit.Ignored();
        shares?.Exit(call.User);
        return true;
    }

    /// <summary>The callee has answered. Counted by <see cref="CountSucceeded"/>.</summary>
    internal void Succeed(PendingCall<TCall, TResult> call, TResult result)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        while (call.Waiters.First is { } first)
        {
            var waiter = first.Value;
            call.Waiters.Remove(first);
            waiter.Call = null;
            wheel.Remove(waiter);
            _succeeded++;
            waiter.SetResult(result);
        }

        shares?.Limit.Answered(time.GetElapsedTime(call.SubmittedAt));
        shares?.Exit(call.User);
    }

    /// <summary>Counts the successes since the last time: once a frame, not once a call.</summary>
    internal void CountSucceeded()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (_succeeded > 0)
            metrics.Ended(StatusCode.OK, _succeeded);
        _succeeded = 0;
    }

    /// <summary>The callee has answered with an error.</summary>
    internal void Fail(PendingCall<TCall, TResult> call, Google.Rpc.Status error)
    {
        shares?.Limit.Failed((StatusCode)error.Code, error, time.GetElapsedTime(call.SubmittedAt), time.GetElapsedTime(call.SubmittedAt, call.Deadline));
        shares?.Exit(call.User);
        End(call, () => CallErrors.From(error));
    }

    /// <summary>Fails a call for a reason that the callee did not give, and that says nothing about its load.</summary>
    internal void Fail(PendingCall<TCall, TResult> call, Func<RpcException> why)
    {
        shares?.Limit.Ignored();
        shares?.Exit(call.User);
        End(call, why);
    }

    private void End(PendingCall<TCall, TResult> call, Func<RpcException> why)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        while (call.Waiters.First is { } first)
        {
            call.Waiters.Remove(first);
            Complete(first.Value, why());
        }
    }

    private void Complete(Waiter<TCall, TResult> waiter, Exception why)
    {
        waiter.Call = null;
        wheel.Remove(waiter);
        metrics.Ended(why is RpcException rpc ? rpc.StatusCode : StatusCode.Cancelled, 1);
        waiter.SetException(why);
    }
}
