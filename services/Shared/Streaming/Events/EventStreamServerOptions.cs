using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Streaming.Events;

/// <summary>How a service serves event streams. A wrong value stops the process at start and names its key.</summary>
public sealed class EventStreamServerOptions
{
    /// <summary>The most subscriptions on one stream; more fail RESOURCE_EXHAUSTED. Default 1,000; 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int MaxSubscriptions { get; set; } = 1000;

    /// <summary>
    /// How much may wait to be written on one stream before its sources are asked for no more, in bytes. What was asked for already
    /// still comes: at most one page for each subscription. Default 1 MiB; 1 KiB to 1 GiB.
    /// </summary>
    [Range(1 << 10, 1 << 30)]
    public int MaxQueuedBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// How much may wait to be written on all event streams of the process, in bytes. Beyond it a reader that has stalled for a second is cut off, whatever
    /// <see cref="WriteTimeout"/> allows, until it is less. Default 128 MiB; 1 KiB to 64 GiB.
    /// </summary>
    [Range(1L << 10, 64L << 30)]
    public long MaxTotalQueuedBytes { get; set; } = 128 << 20;

    /// <summary>About how much is written before it is flushed, in bytes, if so much waits. Default 32 KiB; 1 KiB to 1 MiB.</summary>
    [Range(1 << 10, 1 << 20)]
    public int MaxFlushBytes { get; set; } = 32 * 1024;

    /// <summary>
    /// How long one flush may take: a reader that stalls for longer is cut off with RESOURCE_EXHAUSTED. Set it long to let stalled
    /// readers wait and catch up. Default 10 s; 100 ms to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>After how much silence of its own the server says that it is there. Default 15 s; 100 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>After how much silence a client that has not half-closed is given up. Default 1 min; 100 ms to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan ClientTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The age at which a stream is drained, up to a fifth earlier at random. Default 30 min; 1 s to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Streams of a draining process are told so after a random time up to this. Default 2 s; 0 to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan DrainWindow { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a client that was told to leave may take to half-close, and then to take what was still queued for it. Default 2 s; 100 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long clients are asked to stay away from a draining process. Default 5 s; 0 to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ReconnectAfter { get; set; } = TimeSpan.FromSeconds(5);
}

[OptionsValidator]
internal sealed partial class EventStreamServerOptionsValidator : IValidateOptions<EventStreamServerOptions>;
