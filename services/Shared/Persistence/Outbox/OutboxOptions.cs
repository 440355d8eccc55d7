using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>How committed events get to the log: section <c>Outbox</c>. The same for all replicas of a service.</summary>
public sealed class OutboxOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Outbox";

    /// <summary>
    /// How often the relaying replica looks for events that other replicas committed; of its own it knows at once. Default 50 ms; 5 ms to 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.005", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Most events appended in one call. Default 512; 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int BatchEvents { get; set; } = 512;

    /// <summary>Most bytes of events appended in one call, though at least one event. Default 1 MiB; 1 KiB to 64 MiB.</summary>
    [Range(1_024, 64 << 20)]
    public int BatchBytes { get; set; } = 1 << 20;

    /// <summary>
    /// How long after its death a relaying replica is replaced by another, and a quarter of it. Short, since two that relay at once do
    /// no harm: the log drops repeats. Renewed every third of it while there is something to relay. Default 300 ms; 100 ms to 5 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The longest wait before a log that is away is tried again; the first is 20 ms. Default 1 s; 20 ms to 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.02", "00:05:00")]
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often the most recent topics are compared with the log, so that a flushed or rewound log is refilled without waiting for an
    /// event. Default 1 s; 10 ms to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often all topics that the log may have something of are compared, page by page. Default 5 min; 1 s to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a relayed event is kept to serve readers older than the log. Default 7 days; 1 min to 10 years.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);
}

[OptionsValidator]
internal sealed partial class OutboxOptionsValidator : IValidateOptions<OutboxOptions>;
