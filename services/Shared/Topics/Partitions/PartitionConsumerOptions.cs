using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Topics;

/// <summary>How the replicas of a service share the partitions that they consume: section <c>PartitionConsumer</c>. The same for all replicas.</summary>
public sealed class PartitionConsumerOptions
{
    /// <summary>
    /// How long after its death a replica's partitions are taken by others; each replica renews its leases four times as often.
    /// Default 2 s; 300 ms to 5 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.3", "00:05:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest wait before a partition that could not be gone on with is tried again; the first is 50 ms. Default 5 s; 50 ms to 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:05:00")]
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(5);
}

[OptionsValidator]
internal sealed partial class PartitionConsumerOptionsValidator : IValidateOptions<PartitionConsumerOptions>;
