using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.EventLog;

/// <summary>
/// The section <c>EventLog</c>; Redis itself is named by <c>ConnectionStrings:Redis</c> (StackExchange.Redis's syntax). Validated at
/// start. All processes that share topics have the same <see cref="KeyPrefix"/>.
/// </summary>
public sealed class EventLogOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "EventLog";

    /// <summary>What Redis keys and channels begin with: 1 to 64 characters without braces and spaces. Default "events".</summary>
    [Required(ErrorMessage = "must not be empty")]
    [RegularExpression("[^{} ]{1,64}", ErrorMessage = "must be 1 to 64 characters without braces and spaces")]
    public string KeyPrefix { get; set; } = "events";

    /// <summary>
    /// Most events that Redis holds of one durable topic, whose history is in its database: enough for live readers and short reconnects.
    /// Default 500; 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxEvents { get; set; } = 500;

    /// <summary>Most events that Redis holds of one transient topic; there are no others. Default 10,000; 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxTransientEvents { get; set; } = 10_000;

    /// <summary>
    /// About how many bytes of Redis's memory all durable topics take together to which this process appends, names and all other
    /// overhead included. Beyond it the oldest events are let go, whatever their topic. The outbox has one replica of a service append at
    /// a time; what another had appended before is let go by <see cref="MaxAge"/>. Redis's <c>maxmemory</c> should be half as much
    /// again as the sum of all services' budgets. Default 16 MiB; 1 MiB to 1 TiB.
    /// </summary>
    [Range(1L << 20, 1L << 40)]
    public long MaxBytes { get; set; } = 16 << 20;

    /// <summary>The same for the transient topics to which this process appends. Default 8 MiB; 1 MiB to 1 TiB.</summary>
    [Range(1L << 20, 1L << 40)]
    public long MaxTransientBytes { get; set; } = 8 << 20;

    /// <summary>
    /// Events older than this are let go when the next one is appended, and all when none was appended for this long.
    /// Default 10 min; 1 s to 10 years. Readers of durable topics that were away for longer are served by the database.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long the end of an idle topic (epoch and offset, some 300 bytes) is remembered, as long as the ends of idle topics take less
    /// than a quarter of the budget; else those idle for longest are forgotten. A durable topic that was forgotten goes on where its
    /// database says; a transient one begins anew, which resets its readers. Default 1 h;
    /// 1 s to 10 years, and not below <see cref="MaxAge"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00")]
    public TimeSpan IdleTopicRetention { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The largest payload, in bytes; what an outbox commits (<see cref="EventRules.MaxPayloadBytes"/>) always fits, and stays off the large
    /// object heap. Default 80 KiB; 80 KiB to 1 MiB.
    /// </summary>
    [Range(EventRules.MaxPayloadBytes, 1 << 20)]
    public int MaxEventBytes { get; set; } = EventRules.MaxPayloadBytes;

    /// <summary>Most events in a batch handed to a subscriber, and in one read of the log. Default 256; 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int BatchEvents { get; set; } = 256;

    /// <summary>Most bytes in such a batch, though at least one event. Default 256 KiB; 1 KiB to 1 GiB.</summary>
    [Range(1 << 10, 1 << 30)]
    public int BatchBytes { get; set; } = 256 << 10;

    /// <summary>
    /// Most live events kept in memory for each followed topic, shared by all its local subscribers: who lags further reads the log.
    /// Default 1,024; 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int RecentEvents { get; set; } = 1_024;

    /// <summary>Most bytes of the same. Default 1 MiB; 1 KiB to 1 GiB.</summary>
    [Range(1 << 10, 1 << 30)]
    public int RecentBytes { get; set; } = 1 << 20;

    /// <summary>Most keys held for one topic of one LATEST subscriber; beyond it reads the log page by page. Default 10,000; 1 to 100,000,000.</summary>
    [Range(1, 100_000_000)]
    public int LatestKeys { get; set; } = 10_000;

    /// <summary>How often every followed topic's last offset is compared with Redis, to see a lost last event. Default 400 ms; 10 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>How long an event that Redis has may be under way by pub/sub before it counts as lost. Default 50 ms; 0 to 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan CheckGrace { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a topic that nobody follows any more stays subscribed. Default 5 s; 0 to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan TopicLinger { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The wait before trying again what failed: a read, a subscription, a history. Default 250 ms; 10 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How many reads of histories run at a time, of all topics together. Default 8; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxHistoryReads { get; set; } = 8;

    /// <summary>How often the delivery of publications is tested by a publication to itself. Default 5 s; 100 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long such a publication may take; then all subscriptions are made anew. Default 2 s; 10 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long connecting to Redis may take. Default 2 s; 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a command may take. Default 2 s; 50 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a lost connection is tried again. Default 250 ms; 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ReconnectInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Where Redis is; bound from <c>ConnectionStrings:Redis</c>.</summary>
    internal string ConnectionString { get; set; } = "";

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (IdleTopicRetention < MaxAge)
            yield return new ValidationResult($"must not be below MaxAge, which is {MaxAge}", [nameof(IdleTopicRetention)]);
    }
}

[OptionsValidator]
internal sealed partial class EventLogOptionsValidator : IValidateOptions<EventLogOptions>;
