using System.ComponentModel.DataAnnotations;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Faults;

/// <summary>The faults that are injected, in the Development environment only: section <c>Faults</c>.</summary>
internal sealed class FaultOptions : IValidatableObject
{
    /// <summary>The rules; every rule whose method fits a call is tried, in order. At most 100. Default none.</summary>
    [MaxLength(100, ErrorMessage = "must have at most 100 rules")]
#pragma warning disable SYSLIB1213 // Validate looks at each rule, and says which is wrong.
    public IList<FaultRule> Rules { get; } = [];
#pragma warning restore SYSLIB1213

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Rules.Count; i++)
        {
            var failures = new List<ValidationResult>();
            Validator.TryValidateObject(Rules[i], new ValidationContext(Rules[i]), failures, validateAllProperties: true);
            foreach (var failure in failures)
                yield return new ValidationResult(failure.ErrorMessage, failure.MemberNames.Select(member => $"{nameof(Rules)}:{i}:{member}"));
        }
    }
}

/// <summary>
/// One rule: with a probability, it first delays the call, then aborts or fails it, or lets it go on. A call of a call stream is a call like
/// any other; but aborting it aborts the stream that carries it.
/// </summary>
internal sealed class FaultRule
{
    /// <summary>A full method name, such as <c>/users.v1.UsersService/GetUser</c>, or <c>*</c> for all. Default "*".</summary>
    [Required(ErrorMessage = "must not be empty")]
    [RegularExpression(@"\*|/.*", ErrorMessage = "must be '*' or a full method name such as /users.v1.UsersService/GetUser")]
    public string Method { get; set; } = "*";

    /// <summary>How likely the rule applies to a call. Default 1; 0 to 1.</summary>
    [Range(0d, 1d)]
    public double Probability { get; set; } = 1;

    /// <summary>How long to hold the call up before it begins. Ends early when the caller hangs up. Default 0; 0 to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan Delay { get; set; }

    /// <summary>The status to fail the call with, once the delay has passed; none to let it go on. Default none.</summary>
    [DeniedValues(StatusCode.OK, ErrorMessage = "must be an error, such as Unavailable")]
    public StatusCode? Status { get; set; }

    /// <summary>Abort the call's HTTP/2 stream, once the delay has passed. Default false.</summary>
    public bool Cut { get; set; }
}

[OptionsValidator]
internal sealed partial class FaultOptionsValidator : IValidateOptions<FaultOptions>;
