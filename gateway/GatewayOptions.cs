using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway;

/// <summary>The bounds that the gateway sets to what callers ask of it: section <c>Gateway</c>.</summary>
public sealed class GatewayOptions : IValidatableObject
{
    private const string LeastUnverified = "00:00:00.02";

    /// <summary>The largest request body, in bytes; a larger one is answered 413. Default 64 KiB; 1 KiB to 512 KiB.</summary>
    [Range(1 << 10, 1 << 19)]
    public int MaxRequestBodyBytes { get; set; } = 64 << 10;

    /// <summary>How long a request may take when the caller states no deadline. Default 10 s; 100 ms to 10 min, and not above <see cref="MaxTimeout"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan DefaultTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest a request may take, whatever deadline the caller states. Default 1 min; 100 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan MaxTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest part of an overview, in bytes as its service sends it; a larger one fails. Default 512 KiB; 1 KiB to 3 MiB.</summary>
    [Range(1 << 10, 3 << 20)]
    public int MaxPartBytes { get; set; } = 512 << 10;

    /// <summary>
    /// The largest answer to a batch of overviews, in bytes as the services send them; overviews that would go beyond are not in it, which a
    /// problem in the place of each says. Default 4 MiB; 64 KiB to 64 MiB.
    /// </summary>
    [Range(64 << 10, 64 << 20)]
    public int MaxBatchBytes { get; set; } = 4 << 20;

    /// <summary>How long a caller may take to read an overview, or a batch of them; then its connection is cut. Default 1 min; 1 s to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The oldest answer that may stand in for a part that failed, however old a one the caller would take. Default 1 min; 0 to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan MaxStale { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How much memory the answers may take that are kept of each kind of part (users; orders), about, in bytes: to stand in for a part that
    /// failed, and to be given again while nothing has changed, and asked for only as far as it has. The least recently given are
    /// forgotten. Default 128 MiB; 0 to 16 GiB. At 0 none is kept.
    /// </summary>
    [Range(0, 16L << 30)]
    public long MaxCachedBytes { get; set; } = 128 << 20;

    /// <summary>
    /// How long ago a kept answer may last have been known to be current, to be given again without asking its service: how stale an overview
    /// can be at most. The gateway asks each service four times in it whose data has changed. Default 1 s; 0 to 1 s, but not between 0 and
    /// 20 ms. At 0 every part is asked for, every time.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:01")]
    public TimeSpan MaxUnverified { get; set; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (DefaultTimeout > MaxTimeout)
            yield return new ValidationResult($"must not be above MaxTimeout, which is {MaxTimeout}", [nameof(DefaultTimeout)]);
        if (MaxUnverified > TimeSpan.Zero && MaxUnverified < TimeSpan.Parse(LeastUnverified, CultureInfo.InvariantCulture))
            yield return new ValidationResult($"must be 00:00:00, or at least {LeastUnverified}", [nameof(MaxUnverified)]);
    }
}

[OptionsValidator]
internal sealed partial class GatewayOptionsValidator : IValidateOptions<GatewayOptions>;
