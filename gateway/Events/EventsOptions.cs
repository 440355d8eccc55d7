using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>How the gateway serves events over HTTP (server-sent events): section <c>Events</c>.</summary>
public sealed class EventsOptions
{
    /// <summary>
    /// How many event streams over HTTP and subscriptions of WatchOverview a process has open for its callers. A quarter of it is the share of each
    /// caller's address. For what would go beyond the whole, the address that has the most loses its oldest, by the rule of
    /// <c>Admission:MaxUnreadBytes</c>; otherwise it is answered 503, or RESOURCE_EXHAUSTED. Default 8,000, since each is a stream to a service, and the
    /// 100 connections that a service takes (<c>Admission:MaxConnections</c>) have 100 each; 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxStreams { get; set; } = 8_000;

    /// <summary>How long a client waits before it connects again, as it is told. Default 2 s; 0 to 10 min; sent in milliseconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan Retry { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>After how much silence a comment is sent, so that proxies keep the stream open. Default 15 s; 10 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long one write may take: a client that does not read for longer is cut off. Default 10 s; 100 ms to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long the answer waits for the services behind, so that a refusal is still a status; then the stream begins without them, and
    /// its events come when they are there. Default 2 s; 10 ms to 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How many snapshots of WatchOverview, of ten orders each, a process reads at the same time; the other subscriptions wait in line. To be well below
    /// <c>Backends:*:MinConcurrency</c>, so that other callers have room. Default 32; 1 to 10,000.
    /// </summary>
    [Range(1, 10_000)]
    public int MaxConcurrentSnapshots { get; set; } = 32;

    /// <summary>The age at which a stream is ended, so that new replicas get their share; up to a fifth earlier at random. Default 30 min; 1 s to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(30);
}

[OptionsValidator]
internal sealed partial class EventsOptionsValidator : IValidateOptions<EventsOptions>;
