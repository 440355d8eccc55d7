using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Lets a trace begin where a request enters, and nowhere else: what the suite does of its own accord (polls, leases, sweeps, heartbeats) begins
/// none. Its spans have no parent and are not of a server, so they are dropped; and the traceparent that goes with its requests says so to
/// whoever is asked. What enters without a parent is for the sampler that the environment names. What has a parent is recorded as that is; but where
/// it enters from a stranger, only as far as <see cref="SampledFlags"/> grant, and else as if it had no parent, by chance: a stranger chooses the trace id,
/// too. Thread-safe.
/// </summary>
internal sealed class EntrySampler(RootSampler sampler, SampledFlags flags) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var (parent, isEntry) = (samplingParameters.ParentContext, samplingParameters.Kind == ActivityKind.Server);
        if (parent.TraceId == default)
            return isEntry ? sampler.Roots.ShouldSample(samplingParameters) : new SamplingResult(SamplingDecision.Drop);
        if (!sampler.IsParentBased)
            return sampler.Roots.ShouldSample(samplingParameters);
        if (!parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
            return new SamplingResult(SamplingDecision.Drop);
        return !isEntry || flags.Follow()
            ? new SamplingResult(SamplingDecision.RecordAndSample)
            : sampler.Roots.ShouldSample(new SamplingParameters(default, ActivityTraceId.CreateRandom(), samplingParameters.Name, samplingParameters.Kind));
    }
}
