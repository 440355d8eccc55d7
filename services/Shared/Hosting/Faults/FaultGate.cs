using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Streaming.V1;

namespace Microservices.Hosting.Faults;

/// <summary>Applies the rules to a call as it begins. Call streams pass: the rules apply to each of their calls.</summary>
internal sealed class FaultGate(FaultRules rules, TimeProvider time)
{
    /// <summary>Returns when the method may run.</summary>
    /// <exception cref="StatusException">A rule fails the call.</exception>
    public async ValueTask ApplyAsync<TRequest>(ServerCallContext call)
    {
        if (typeof(TRequest).IsAssignableTo(typeof(ICallFrame)))
            return;
        var decision = rules.Intercept(call.Method);
        if (decision.Delay > TimeSpan.Zero)
            await Task.Delay(decision.Delay, time, call.CancellationToken);
        if (decision.CutsStream)
        {
            call.GetHttpContext().Abort();
            throw new OperationCanceledException("cut by a fault rule");
        }

        if (decision.Error is { } error)
            throw new StatusException(error);
    }
}
