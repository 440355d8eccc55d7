using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>How flows are kept: section <c>Flows</c>. The same for all replicas.</summary>
internal sealed class FlowsOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Flows";

    /// <summary>How many flows that are not over an owner may have. Default 100; 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int MaxPerOwner { get; set; } = 100;

    /// <summary>How many flows of an owner are kept that are over, the newest. Default 100; 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int MaxKeptPerOwner { get; set; } = 100;

    /// <summary>How long a flow is kept that is over, and what its steps have come to may be taken for that of others. Default 7 days; 1 min to 1 year.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);
}

[OptionsValidator]
internal sealed partial class FlowsOptionsValidator : IValidateOptions<FlowsOptions>;
