using System.ComponentModel.DataAnnotations;

namespace Microservices.Hosting.Telemetry;

/// <summary>How much a process logs of one kind: section <c>LogThrottle</c>.</summary>
internal sealed class LogThrottleOptions : IValidatableObject
{
    /// <summary>The most lines of one kind in a period; the others are counted. Default 5; 1 to 10,000.</summary>
    public int Lines { get; set; } = 5;

    /// <summary>The period. Default 1 s; 100 ms to 1 min.</summary>
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(1);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Lines is < 1 or > 10_000)
            yield return new ValidationResult("must be from 1 to 10000", [nameof(Lines)]);
        if (Period < TimeSpan.FromMilliseconds(100) || Period > TimeSpan.FromMinutes(1))
            yield return new ValidationResult("must be from 00:00:00.1 to 00:01:00", [nameof(Period)]);
    }
}
