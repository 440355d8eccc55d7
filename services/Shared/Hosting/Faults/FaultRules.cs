using Microservices.Hosting.Errors;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Faults;

/// <summary>Decides by the rules about a call: a unary one, a stream, or one call of a call stream. Thread-safe.</summary>
internal sealed class FaultRules(IOptions<FaultOptions> options) : ICallInterceptor
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
}
