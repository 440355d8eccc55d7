using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Decides what becomes of a call when one of its copies has failed: another copy may still answer, or the call is sent again, which is for
/// idempotent calls only, a few times at most, and while there is time. Guarded by the lock of the <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
/// <param name="gate">The table's lock.</param>
/// <param name="placement">Sends calls again.</param>
/// <param name="hedging">Forgets when a call that is sent again was to be hedged.</param>
/// <param name="idempotent">Whether the method's calls may be sent twice.</param>
/// <param name="maxAttempts">How often a call is sent at most; hedges do not count.</param>
/// <param name="metrics">Counts the calls that are sent again.</param>
internal sealed class FailOver<TCall, TResult>(
    Lock gate, CallPlacement<TCall, TResult> placement, Hedging<TCall, TResult> hedging, bool idempotent, int maxAttempts, CallClientMetrics metrics)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private bool _stopped;

    /// <summary>Sends nothing again from now on.</summary>
    internal void Stop()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _stopped = true;
    }

    /// <summary>The stream of a copy that was sent broke. False when the call has failed with it.</summary>
    internal bool TryAfterLoss(PendingCall<TCall, TResult> call, Attempt<TCall, TResult> lost, long now)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        call.Forget(lost);
        if (call.First is not null)
            return true;
        if (!MaySendAgain(call, now))
            return false;
        SendAgain(call);
        return true;
    }

    /// <summary>A copy was answered with an error. False when that is the call's outcome.</summary>
    internal bool TryAfterError(PendingCall<TCall, TResult> call, Attempt<TCall, TResult> answered, Google.Rpc.Status error, long now)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        var code = (StatusCode)error.Code;
        // Any other would be the answer of another copy, too.
        if (code is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted or StatusCode.Cancelled))
            return false;
        var isUnknown = call.Token is not null && CallResults.IsPrincipalUnknown(error);
        if (isUnknown)
            answered.Stream.Principals?.Forget(call.Token!, answered.Message.PrincipalId);
        if (call.Other(answered) is not null)
        {
            call.Forget(answered);
            return true;
        }

        // It was not made: whether it may be made twice does not matter.
        if (isUnknown && !call.IsBoundAnew && !_stopped && call.Deadline > now)
        {
            call.IsBoundAnew = true;
            call.Forget(answered);
            hedging.Forget(call);
            placement.PlaceAgain(call);
            return true;
        }

        // The callee drained before it could answer; or the deadline of the first who asked has passed, and not that of those who joined later.
        var isWorthwhile = (code == StatusCode.Unavailable && answered.Stream.State == StreamState.Retiring)
            || (code == StatusCode.DeadlineExceeded && answered.Deadline < call.Deadline);
        if (!isWorthwhile || !MaySendAgain(call, now))
            return false;
        call.Forget(answered);
        SendAgain(call);
        return true;
    }

    private bool MaySendAgain(PendingCall<TCall, TResult> call, long now) =>
        idempotent && !_stopped && call.Sent < maxAttempts && call.Deadline > now;

    private void SendAgain(PendingCall<TCall, TResult> call)
    {
        metrics.FailedOver();
        hedging.Forget(call);
        placement.PlaceAgain(call);
    }
}
