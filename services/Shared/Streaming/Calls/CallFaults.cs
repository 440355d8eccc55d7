using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Applies what an interceptor decides about the calls of one stream: a call is delayed, failed, or cuts the stream, and holds up no other.
/// Guarded by the stream's lock.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="interceptor">Decides.</param>
/// <param name="method">The method, as the interceptor knows it.</param>
/// <param name="cut">Cuts the stream, in the thread pool.</param>
internal sealed class CallFaults<TCall, TResult>(CallStreamState<TCall, TResult> stream, ICallInterceptor interceptor, string method, Action cut)
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    /// <summary>Whether a fault applies to the call; then it goes on, if it does, when that is over.</summary>
    internal bool AppliesUnsynchronized(ServerCall<TCall, TResult> call)
    {
        var decision = interceptor.Intercept(method);
        if (decision.Passes)
            return false;
        if (decision.Delay > TimeSpan.Zero)
            stream.Schedule(new Due(() => ApplyFaultUnsynchronized(call, decision)), decision.Delay);
        else
            ApplyFaultUnsynchronized(call, decision);
        return true;
    }

    private void ApplyFaultUnsynchronized(ServerCall<TCall, TResult> call, FaultDecision decision)
    {
        if (decision.CutsStream && !call.IsAnswered)
        {
            // Outside of the lock: what is aborted answers everything that is open.
            ThreadPool.UnsafeQueueUserWorkItem(static cut => cut(), cut, preferLocal: false);
            return;
        }

        if (decision.Error is { } error && !call.IsAnswered)
        {
            stream.Calls.AnswerUnsynchronized(call, new TResult { Error = error.Clone() });
            stream.Calls.Ready.Set();
        }

        // Also when it is answered by now, so that it is used again.
        stream.ReleaseUnsynchronized(call);
    }
}
