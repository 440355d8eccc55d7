using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Faults;

/// <summary>Decides by the rules about a call: a unary one, a stream, or one call of a call stream. Thread-safe.</summary>
internal sealed class FaultRules(IOptions<FaultOptions> options, TimeProvider time) : ICallInterceptor
{
    private static readonly ErrorDomain Domain = new("suite");

    /// <summary>The rules that match are tried in order: their delays add up, until one aborts or fails the call.</summary>
    public FaultDecision Intercept(string method)
    {
        var decision = default(FaultDecision);
        foreach (var rule in options.Value.Rules)
        {
            if ((rule.Method != "*" && rule.Method != method) || Random.Shared.NextDouble() >= rule.Probability)
                continue;
            decision = decision with { Delay = decision.Delay + rule.Delay };
            if (rule.Cut)
                return decision with { CutsStream = true };
            if (rule.Status is { } status)
                return decision with { Error = Domain.Other(status, "FAULT_INJECTED", "This error was injected by a fault rule of this process.") };
        }

        return decision;
    }

    /// <summary>Applies the rules to a call as it begins, and returns when its method may run. Call streams pass: the rules apply to each of their calls.</summary>
    /// <exception cref="StatusException">A rule fails the call.</exception>
    public async ValueTask ApplyAsync<TRequest>(ServerCallContext call)
    {
        if (typeof(TRequest).IsAssignableTo(typeof(ICallFrame)))
            return;
        var decision = Intercept(call.Method);
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
