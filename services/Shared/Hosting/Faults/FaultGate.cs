using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Streaming.V1;

namespace Microservices.Hosting.Faults;

/// <summary>Applies the rules to a call as it begins. Call streams are let through: the rules apply to each of their calls.</summary>
internal sealed class FaultGate(FaultRules rules, TimeProvider time)
{
    /// <summary>Returns when the method may run.</summary>
    /// <exception cref="StatusException">It is to fail.</exception>
    public async ValueTask ApplyAsync<TRequest>(ServerCallContext call)
    {
        if (typeof(TRequest).IsAssignableTo(typeof(ICallFrame)))
            return;
        var fate = rules.Intercept(call.Method);
        if (fate.Delay > TimeSpan.Zero)
            await Task.Delay(fate.Delay, time, call.CancellationToken);
        if (fate.CutsStream)
        {
            call.GetHttpContext().Abort();
            throw new OperationCanceledException("cut by a fault rule");
        }

        if (fate.Error is { } error)
            throw new StatusException(error);
    }
}
