using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Telemetry;

/// <summary>How many lines of one kind a process logs: section <c>LogThrottle</c>.</summary>
internal sealed class LogThrottleOptions
{
    /// <summary>The most lines of one kind in a period; the others are counted. Default 5; 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int Lines { get; set; } = 5;

    /// <summary>The period. Default 1 s; 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(1);
}

[OptionsValidator]
internal sealed partial class LogThrottleOptionsValidator : IValidateOptions<LogThrottleOptions>;
