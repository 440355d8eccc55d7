using System.ComponentModel.DataAnnotations;

namespace Microservices.Orders;

/// <summary>The bounds of the command stream: section <c>PlaceOrders</c>.</summary>
internal sealed class PlaceOrdersOptions : IValidatableObject
{
    /// <summary>How many commands of a stream are read ahead of being carried out; beyond it the caller is slowed down. Default 256.</summary>
    [Range(1, 65_536)]
    public int QueueLength { get; set; } = 256;

    /// <summary>How many commands at the most are committed together. Default 128.</summary>
    [Range(1, 1_000)]
    public int MaxBatch { get; set; } = 128;

    /// <summary>How long a caller may leave an answer unread before its stream is cut off. Default 30 s; 1 s to 10 min.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (WriteTimeout < TimeSpan.FromSeconds(1) || WriteTimeout > TimeSpan.FromMinutes(10))
            yield return new ValidationResult("must be from 00:00:01 to 00:10:00", [nameof(WriteTimeout)]);
    }
}
