using System.Globalization;
using Microservices.Tests.Support.Otlp;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>
/// What tracing costs: every process that is started from now on sends its traces, metrics and logs to a collector in this one, which keeps none of
/// them, and samples a share of what it is asked; and so do the processes that they start.
/// </summary>
internal static class Sampling
{
    private const string Ratio = "OTEL_TRACES_SAMPLER_ARG";

    /// <summary>Begins, if there is a share, from 0 to 1.</summary>
    public static async Task<OtlpCollector?> BeginAsync(double? ratio)
    {
        if (ratio is not { } share)
            return null;
        if (share is not (>= 0 and <= 1))
            throw new ArgumentException("--sample must be 0 to 1.");
        var collector = await OtlpCollector.StartAsync(keeps: false);
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Endpoint);
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        Environment.SetEnvironmentVariable("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        Environment.SetEnvironmentVariable(Ratio, share.ToString(CultureInfo.InvariantCulture));
        return collector;
    }

    /// <summary>The trace context of what has caused an event that is published: of the same share of them; else none.</summary>
    public static byte[]? NextCause()
    {
        if (!double.TryParse(Environment.GetEnvironmentVariable(Ratio), CultureInfo.InvariantCulture, out var share) || Random.Shared.NextDouble() >= share)
            return null;
        var context = new byte[24];
        Random.Shared.NextBytes(context);
        return context;
    }
}
