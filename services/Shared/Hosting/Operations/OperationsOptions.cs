using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Operations;

/// <summary>What operators may look at: section <c>Operations</c>. A wrong value stops the process at start and names its key.</summary>
public sealed class OperationsOptions
{
    /// <summary>
    /// How many watches of operators (WatchStreams, WatchProcess, WatchTopic) a process serves at a time; one more is RESOURCE_EXHAUSTED.
    /// Default 64; 1 to 1,000.
    /// </summary>
    [Range(1, 1_000)]
    public int MaxWatchers { get; set; } = 64;

    /// <summary>How many of these one person has at a time; those of services of the suite are not counted. Default 16; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxWatchersPerPerson { get; set; } = 16;

    /// <summary>How many events a second a watch of a topic shows at most; the others are counted. Default 100; 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int MaxTopicEvents { get; set; } = 100;

    /// <summary>How many bytes of events a second it shows at most, about: an event that begins within them is shown whole. Default 256 KiB; 1 KiB to 64 MiB.</summary>
    [Range(1 << 10, 64 << 20)]
    public int MaxTopicBytes { get; set; } = 256 << 10;
}

[OptionsValidator]
internal sealed partial class OperationsOptionsValidator : IValidateOptions<OperationsOptions>;
