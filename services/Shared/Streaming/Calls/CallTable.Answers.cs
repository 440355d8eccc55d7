using Grpc.Core;

namespace Microservices.Streaming.Calls;

/// <content>What an answer means for its call: the outcome, or another try.</content>
internal sealed partial class CallTable<TCall, TResult>
{
    private void OnAnswer(PendingCall<TCall, TResult> call, Attempt<TCall, TResult> attempt, TResult result, long now)
    {
        var error = result.Error;
        if (error is not null && KeepTrying(call, attempt, (StatusCode)error.Code, now))
            return;
        if (attempt.IsHedge)
            _metrics.HedgeWon();
        Learn(call, attempt, now);
        call.Forget(attempt);
        if (error is null)
            Succeed(call, result);
        else
            Fail(call, error);
    }

    /// <summary>A method of its own: a lambda above would cost every call, good or bad, a closure.</summary>
    private void Fail(PendingCall<TCall, TResult> call, Google.Rpc.Status error)
    {
        _limit?.Failed((StatusCode)error.Code, error, _time.GetElapsedTime(call.SubmittedAt), _time.GetElapsedTime(call.SubmittedAt, call.Deadline));
        End(call, () => CallErrors.From(error));
    }

    /// <summary>Whether an error is not the call's outcome yet: another copy may still answer, or another try is worth it.</summary>
    private bool KeepTrying(PendingCall<TCall, TResult> call, Attempt<TCall, TResult> attempt, StatusCode code, long now)
    {
        if (code is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted or StatusCode.Cancelled))
            return false;
        if (call.Other(attempt) is null)
        {
            // Drained before it could be answered; or the time of the first who asked is up, not that of those who joined later.
            var again = (code == StatusCode.Unavailable && attempt.Stream.State == StreamState.Retiring)
                || (code == StatusCode.DeadlineExceeded && attempt.Deadline < call.Deadline);
            if (!again || !MayFailOver(call, now))
                return false;
            call.Forget(attempt);
            FailOver(call);
        }
        else
        {
            call.Forget(attempt);
        }

        return true;
    }

    private bool MayFailOver(PendingCall<TCall, TResult> call, long now) =>
        _method.Idempotent && !_closed && call.Sent < _options.MaxAttempts && call.Deadline > now;

    private void FailOver(PendingCall<TCall, TResult> call)
    {
        _metrics.FailedOver();
        _wheel.Remove(call);
        Unpark(call);
        if (!TryPlace(call))
            _waiting.AddFirst(call.Link);
    }
}
