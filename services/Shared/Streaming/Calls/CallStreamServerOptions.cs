using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Streaming.Calls;

/// <summary>How a service answers a call stream. A wrong value stops the process at start and names its key.</summary>
public sealed class CallStreamServerOptions
{
    /// <summary>How many calls a caller may have unanswered on one stream; more are answered RESOURCE_EXHAUSTED. Default 1,024; 1 to 65,536.</summary>
    [Range(1, 65_536)]
    public int Credit { get; set; } = 1024;

    /// <summary>The most calls handed to the handler at once. Default 256; 1 to 65,536.</summary>
    [Range(1, 65_536)]
    public int MaxBatch { get; set; } = 256;

    /// <summary>How many batches of one stream are handled at the same time; meanwhile calls gather for the next. Default 4; 1 to 1,024.</summary>
    [Range(1, 1_024)]
    public int MaxConcurrentBatches { get; set; } = 4;

    /// <summary>How long writing one frame may take; a caller that does not read for longer is cut off. Default 10 s; 10 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The age at which a stream is drained, up to a fifth earlier at random. Default 30 min; 1 s to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a caller that was told to leave may take to half-close. Default 10 s; 10 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Callers of a draining process are told to come back after a random time up to this. Default 1 s; 0 to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ReconnectSpread { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// About how large a frame gets; the answers above it go into the next. Default 256 KiB; 1 KiB to 3 MiB, since callers take 4 MiB
    /// by default. An answer larger than 3 MiB by itself is answered RESOURCE_EXHAUSTED.
    /// </summary>
    [Range(1 << 10, 3 << 20)]
    public int MaxFrameBytes { get; set; } = 256 * 1024;
}

[OptionsValidator]
internal sealed partial class CallStreamServerOptionsValidator : IValidateOptions<CallStreamServerOptions>;
