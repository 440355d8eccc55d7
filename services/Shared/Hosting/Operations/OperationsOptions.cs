using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Operations;

/// <summary>What operators may look at: section <c>Operations</c>. A wrong value stops the process at start and names its key.</summary>
public sealed class OperationsOptions
{
    /// <summary>
    /// How many watches of operators (WatchStreams, WatchProcess) a process serves at a time; one more is RESOURCE_EXHAUSTED.
    /// Default 64; 1 to 1,000.
    /// </summary>
    [Range(1, 1_000)]
    public int MaxWatchers { get; set; } = 64;
}

[OptionsValidator]
internal sealed partial class OperationsOptionsValidator : IValidateOptions<OperationsOptions>;
