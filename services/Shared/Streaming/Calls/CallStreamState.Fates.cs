using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <content>Calls that an interceptor keeps back, fails, or cuts the stream for. Each waits on the wheel by itself.</content>
internal sealed partial class CallStreamState<TCall, TResult>
{
    private readonly ICallInterceptor? _interceptor;

    /// <summary>Called, in the thread pool, when a call that was kept back has arrived after all.</summary>
    internal Action Released { get; init; } = () => { };

    /// <summary>Called, in the thread pool, when the interceptor cuts the stream.</summary>
    internal Action Cut { get; init; } = () => { };

    private void Arrive(ServerCall<TCall, TResult> call, long now)
    {
        var fate = _interceptor?.Intercept($"/{_method.Name}") ?? default;
        if (fate.Passes)
            _arrived.Enqueue(call);
        else if (fate.Delay > TimeSpan.Zero)
            Wheel.Add(new Due(() => Meet(call, fate)), now + ClockTicks.From(fate.Delay, _time));
        else
            Meet(call, fate);
    }

    /// <summary>Under the lock: what has to be done outside of it is left to the thread pool.</summary>
    private void Meet(ServerCall<TCall, TResult> call, CallFate fate)
    {
        if (fate.CutsStream && !call.IsAnswered)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static cut => cut(), Cut, preferLocal: false);
            return;
        }

        if (fate.Error is { } error && !call.IsAnswered)
        {
            Settle(call, new TResult { Error = error.Clone() });
            Ready.Set();
        }

        // Also when it is answered by now: whoever takes the batch sees that, and the call is used again.
        _arrived.Enqueue(call);
        ThreadPool.UnsafeQueueUserWorkItem(static released => released(), Released, preferLocal: false);
    }
}
