using System.Diagnostics;
using System.Globalization;
using Microservices.Primitives;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Lets a trace begin where a request enters, and nowhere else: what the suite does of its own accord (polls, leases, sweeps, heartbeats) begins
/// none. Its spans have no parent and are not of a server, so they are dropped; and the traceparent that goes with its requests says so to
/// whoever is asked. What has a parent, and what enters, is for the sampler that OTEL_TRACES_SAMPLER names. Immutable.
/// </summary>
internal sealed class EntrySampler(Sampler entries) : Sampler
{
    private const string NameKey = "OTEL_TRACES_SAMPLER";
    private const string ArgumentKey = "OTEL_TRACES_SAMPLER_ARG";

    /// <summary>With the sampler that the environment names, as OpenTelemetry's specification has it; default: all.</summary>
    /// <exception cref="InvalidSettingException">It names none.</exception>
    public static EntrySampler From(IConfiguration configuration)
    {
        var name = configuration[NameKey] is { Length: > 0 } given ? given.ToLowerInvariant() : "parentbased_always_on";
        const string parentBased = "parentbased_";
        var isParentBased = name.StartsWith(parentBased, StringComparison.Ordinal);
        Sampler sampler = (isParentBased ? name[parentBased.Length..] : name) switch
        {
            "always_on" => new AlwaysOnSampler(),
            "always_off" => new AlwaysOffSampler(),
            "traceidratio" => new TraceIdRatioBasedSampler(Ratio(configuration)),
            _ => throw new InvalidSettingException(NameKey, $"must be always_on, always_off, traceidratio, or one of them after parentbased_, but is '{name}'"),
        };
        return new EntrySampler(isParentBased ? new ParentBasedSampler(sampler) : sampler);
    }

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.ParentContext.TraceId == default && samplingParameters.Kind != ActivityKind.Server
            ? new SamplingResult(SamplingDecision.Drop)
            : entries.ShouldSample(samplingParameters);

    private static double Ratio(IConfiguration configuration)
    {
        if (configuration[ArgumentKey] is not { Length: > 0 } text)
            return 1;
        return double.TryParse(text, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1
            ? ratio
            : throw new InvalidSettingException(ArgumentKey, $"must be a number from 0 to 1, but is '{text}'");
    }
}
