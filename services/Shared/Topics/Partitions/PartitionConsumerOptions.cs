using System.ComponentModel.DataAnnotations;

namespace Microservices.Topics;

/// <summary>How the replicas of a service share the partitions that they consume: section <c>PartitionConsumer</c>. The same for all replicas.</summary>
public sealed class PartitionConsumerOptions : IValidatableObject
{
    /// <summary>
    /// How long after its death a replica's partitions are taken by others; each replica renews its leases four times as often.
    /// Default 2 s; 300 ms to 5 min.
    /// </summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest wait before a partition that could not be gone on with is tried again; the first is 50 ms. Default 5 s; 50 ms to 5 min.</summary>
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LeaseDuration < TimeSpan.FromMilliseconds(300) || LeaseDuration > TimeSpan.FromMinutes(5))
            yield return new ValidationResult("must be from 00:00:00.3 to 00:05:00", [nameof(LeaseDuration)]);
        if (MaxBackoff < TimeSpan.FromMilliseconds(50) || MaxBackoff > TimeSpan.FromMinutes(5))
            yield return new ValidationResult("must be from 00:00:00.05 to 00:05:00", [nameof(MaxBackoff)]);
    }
}
