using System.Globalization;
using Microservices.Primitives;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace Microservices.Hosting.Telemetry;

/// <summary>The sampler that OTEL_TRACES_SAMPLER names. Immutable.</summary>
/// <param name="Roots">Decides on what has no parent.</param>
/// <param name="IsParentBased">Whether what has a parent is recorded as that is; otherwise <paramref name="Roots"/> decides on it, too.</param>
internal sealed record RootSampler(Sampler Roots, bool IsParentBased)
{
    private const string NameKey = "OTEL_TRACES_SAMPLER";
    private const string ArgumentKey = "OTEL_TRACES_SAMPLER_ARG";
    private const double DefaultShare = 0.05;

    /// <summary>
    /// As OpenTelemetry's specification has it. Where no sampler is named, what has no parent is recorded in Development, and elsewhere a share of it:
    /// OTEL_TRACES_SAMPLER_ARG, by default a twentieth. There is no traceidratio that is not parentbased: the caller chooses the trace id.
    /// </summary>
    /// <exception cref="InvalidSettingException">There is no such sampler.</exception>
    public static RootSampler From(IConfiguration configuration, bool isDevelopment) =>
        (configuration[NameKey] is { Length: > 0 } given ? given.ToLowerInvariant() : "") switch
        {
            "" => new(new TraceIdRatioBasedSampler(Ratio(configuration, isDevelopment ? 1 : DefaultShare)), true),
            "parentbased_always_on" => new(new AlwaysOnSampler(), true),
            "parentbased_always_off" => new(new AlwaysOffSampler(), true),
            "parentbased_traceidratio" => new(new TraceIdRatioBasedSampler(Ratio(configuration, 1)), true),
            "always_on" => new(new AlwaysOnSampler(), false),
            "always_off" => new(new AlwaysOffSampler(), false),
            var name => throw new InvalidSettingException(
                NameKey, $"must be always_on, always_off, parentbased_always_on, parentbased_always_off or parentbased_traceidratio, but is '{name}'"),
        };

    private static double Ratio(IConfiguration configuration, double ifMissing)
    {
        if (configuration[ArgumentKey] is not { Length: > 0 } text)
            return ifMissing;
        return double.TryParse(text, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1
            ? ratio
            : throw new InvalidSettingException(ArgumentKey, $"must be a number from 0 to 1, but is '{text}'");
    }
}
