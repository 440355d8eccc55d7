using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Orders;

/// <summary>The bounds of the command stream: section <c>PlaceOrders</c>.</summary>
internal sealed class PlaceOrdersOptions
{
    /// <summary>How many commands of a stream are read ahead of being carried out; beyond it the caller is slowed down. Default 256; 1 to 65,536.</summary>
    [Range(1, 65_536)]
    public int QueueLength { get; set; } = 256;

    /// <summary>How many commands at the most are committed together. Default 128; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxBatch { get; set; } = 128;

    /// <summary>How long a caller may leave an answer unread before its stream is cut off. Default 30 s; 1 s to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

[OptionsValidator]
internal sealed partial class PlaceOrdersOptionsValidator : IValidateOptions<PlaceOrdersOptions>;
