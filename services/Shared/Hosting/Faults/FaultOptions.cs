using System.ComponentModel.DataAnnotations;
using Grpc.Core;

namespace Microservices.Hosting.Faults;

/// <summary>What is made to go wrong, in the Development environment only: section <c>Faults</c>.</summary>
internal sealed class FaultOptions : IValidatableObject
{
    /// <summary>The rules; every rule whose method fits a call is tried, in order. At most 100.</summary>
    [MaxLength(100)]
    public IList<FaultRule> Rules { get; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Rules.Count; i++)
        {
            var rule = Rules[i];
            if (rule.Method != "*" && !rule.Method.StartsWith('/'))
                yield return new ValidationResult("must be '*' or a full method name such as /users.v1.UsersService/GetUser", [$"Rules:{i}:Method"]);
            if (rule.Probability is not (>= 0 and <= 1))
                yield return new ValidationResult("must be from 0 to 1", [$"Rules:{i}:Probability"]);
            if (rule.Delay < TimeSpan.Zero || rule.Delay > TimeSpan.FromMinutes(10))
                yield return new ValidationResult("must be from 00:00:00 to 00:10:00", [$"Rules:{i}:Delay"]);
            if (rule.Status is StatusCode.OK)
                yield return new ValidationResult("must be an error, such as Unavailable", [$"Rules:{i}:Status"]);
        }
    }
}

/// <summary>
/// One rule: with a probability, first delay the call, then cut its connection, or fail it, or let it go on. A call of a call stream is
/// a call like any other; but to cut it is to cut the stream that carries it.
/// </summary>
internal sealed class FaultRule
{
    /// <summary>A full method name, such as <c>/users.v1.UsersService/GetUser</c>, or <c>*</c> for all.</summary>
    public string Method { get; set; } = "*";

    /// <summary>How likely the rule applies to a call: 0 to 1. Default 1.</summary>
    public double Probability { get; set; } = 1;

    /// <summary>How long to hold the call up before it begins: 0 to 10 min. Ends early when the caller hangs up.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The status to fail the call with, once the delay has passed; none to let it go on.</summary>
    public StatusCode? Status { get; set; }

    /// <summary>Abort the call's HTTP/2 stream, once the delay has passed.</summary>
    public bool Cut { get; set; }
}
