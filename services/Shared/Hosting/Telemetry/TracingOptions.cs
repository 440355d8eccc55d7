using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Telemetry;

/// <summary>Whose word is taken for what is recorded: section <c>Tracing</c>.</summary>
internal sealed class TracingOptions
{
    /// <summary>
    /// Callers whose sampled flag decides, always. What others ask for is bounded by <see cref="MaxFlaggedPerSecond"/>. Default Private; the gateway's is
    /// None, since strangers call it, perhaps through a proxy with a private address.
    /// </summary>
    [EnumDataType(typeof(FollowedCallers), ErrorMessage = "must be None, Private or All")]
    public FollowedCallers FollowCallers { get; set; } = FollowedCallers.Private;

    /// <summary>
    /// How many requests, and calls and commands of streams, a process records in a second because a caller that is not followed has set the sampled flag.
    /// A quarter of it is the share of each caller's address. Beyond it the process decides as if there were no flag. Default 20; 0 to 100,000.
    /// </summary>
    [Range(0, 100_000)]
    public int MaxFlaggedPerSecond { get; set; } = 20;
}

/// <summary>Callers, by their addresses.</summary>
internal enum FollowedCallers
{
    /// <summary>Nobody.</summary>
    None,

    /// <summary>Those of private networks and of this machine, where the services of a suite are.</summary>
    Private,

    /// <summary>Everybody.</summary>
    All,
}

[OptionsValidator]
internal sealed partial class TracingOptionsValidator : IValidateOptions<TracingOptions>;
