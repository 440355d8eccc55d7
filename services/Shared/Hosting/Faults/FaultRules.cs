using Microservices.Hosting.Errors;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Faults;

/// <summary>What the rules make of a call: a unary one, a stream, or one call of a call stream. Thread-safe.</summary>
internal sealed class FaultRules(IOptions<FaultOptions> options) : ICallInterceptor
{
    private static readonly ErrorDomain Domain = new("suite");

    /// <summary>The rules that fit are tried in order: delays add up, until one cuts or fails the call.</summary>
    public CallFate Intercept(string method)
    {
        var fate = default(CallFate);
        foreach (var rule in options.Value.Rules)
        {
            if ((rule.Method != "*" && rule.Method != method) || Random.Shared.NextDouble() >= rule.Probability)
                continue;
            fate = fate with { Delay = fate.Delay + rule.Delay };
            if (rule.Cut)
                return fate with { CutsStream = true };
            if (rule.Status is { } status)
                return fate with { Error = Domain.Other(status, "FAULT_INJECTED", "A fault rule of this process asked for this error.") };
        }

        return fate;
    }
}
