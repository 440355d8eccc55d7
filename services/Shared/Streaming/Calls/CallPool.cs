using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Calls and the copies of them that are sent. Each is used again, so that in a steady state a call allocates nothing. Not thread-safe.
/// </summary>
/// <param name="onHedgeDue">What is called when a call has waited for its answer for as long as the hedge delay.</param>
internal sealed class CallPool<TCall, TResult>(Action<PendingCall<TCall, TResult>> onHedgeDue)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private const int MaxSpareCalls = 4096;
    private const int MaxSpareAttempts = 8192;
    private readonly Stack<PendingCall<TCall, TResult>> _calls = new();
    private readonly Stack<Attempt<TCall, TResult>> _attempts = new();

    internal PendingCall<TCall, TResult> RentCall(TCall message, int bytes, long now, string? token = null, string? user = null)
    {
        if (!_calls.TryPop(out var call))
            call = new(onHedgeDue);
        call.Message = message;
        call.Token = token;
        call.User = user;
        call.Bytes = bytes;
        call.SubmittedAt = now;
        call.Deadline = now;
        return call;
    }

    internal Attempt<TCall, TResult> RentAttempt() => _attempts.TryPop(out var attempt) ? attempt : new();

    /// <summary>Takes back a call that nothing refers to any more.</summary>
    internal void Return(PendingCall<TCall, TResult> call)
    {
        call.Reset();
        if (_calls.Count < MaxSpareCalls)
            _calls.Push(call);
    }

    /// <summary>Takes back a copy that is in no queue and not among the unanswered of its stream.</summary>
    internal void Return(Attempt<TCall, TResult> attempt)
    {
        attempt.Reset();
        if (_attempts.Count < MaxSpareAttempts)
            _attempts.Push(attempt);
    }
}
