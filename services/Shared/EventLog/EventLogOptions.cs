namespace Microservices.EventLog;

/// <summary>
/// The section <c>EventLog</c>; Redis itself is named by <c>ConnectionStrings:Redis</c> (StackExchange.Redis's syntax). Validated at
/// start. All processes that share topics have the same <see cref="KeyPrefix"/>.
/// </summary>
public sealed class EventLogOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "EventLog";

    /// <summary>What Redis keys and channels begin with; no braces. Default "events".</summary>
    public string KeyPrefix { get; set; } = "events";

    /// <summary>
    /// Most events that Redis holds of one durable topic, whose history is in its database: enough for live readers and short reconnects.
    /// 1 to 1,000,000. Default 500.
    /// </summary>
    public int MaxEvents { get; set; } = 500;

    /// <summary>Most events that Redis holds of one transient topic; there are no others. 1 to 1,000,000. Default 10,000.</summary>
    public int MaxTransientEvents { get; set; } = 10_000;

    /// <summary>
    /// About how many bytes of Redis's memory all durable topics take together to which this process appends, names and all other
    /// overhead included. Beyond it the oldest events are let go, whatever their topic. The outbox has one replica of a service append at
    /// a time; what another had appended before is let go by <see cref="MaxAge"/>. Redis's <c>maxmemory</c> should be half as much
    /// again as the sum of all services' budgets. 1 MiB to 1 TiB. Default 16,777,216 (16 MiB).
    /// </summary>
    public long MaxBytes { get; set; } = 16 << 20;

    /// <summary>The same for the transient topics to which this process appends. 1 MiB to 1 TiB. Default 8,388,608 (8 MiB).</summary>
    public long MaxTransientBytes { get; set; } = 8 << 20;

    /// <summary>
    /// Events older than this are let go when the next one is appended, and all when none was appended for this long. At least 1 s.
    /// Default 10 min. Readers of durable topics that were away for longer are served by the database.
    /// </summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long the end of an idle topic (epoch and offset, some 300 bytes) is remembered, as long as the ends of idle topics take less
    /// than a quarter of the budget; else those idle for longest are forgotten. A durable topic that was forgotten goes on where its
    /// database says; a transient one begins anew, which resets its readers. At least <see cref="MaxAge"/>. Default 1 h.
    /// </summary>
    public TimeSpan IdleTopicRetention { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The largest payload, in bytes: <see cref="EventRules.MaxPayloadBytes"/> (81,920, which stays off the large object heap), which is what an
    /// outbox commits, to 1,048,576. Default 81,920.
    /// </summary>
    public int MaxEventBytes { get; set; } = EventRules.MaxPayloadBytes;

    /// <summary>Most events in a batch handed to a subscriber, and in one read of the log; 1 to 10,000. Default 256.</summary>
    public int BatchEvents { get; set; } = 256;

    /// <summary>Most bytes in such a batch, though at least one event; 1,024 or more. Default 262,144.</summary>
    public int BatchBytes { get; set; } = 262_144;

    /// <summary>
    /// Most live events kept in memory for each followed topic, shared by all its local subscribers: who lags further reads the log.
    /// 1 to 1,000,000. Default 1,024.
    /// </summary>
    public int RecentEvents { get; set; } = 1_024;

    /// <summary>Most bytes of the same, 1,024 or more. Default 1,048,576.</summary>
    public int RecentBytes { get; set; } = 1_048_576;

    /// <summary>Most keys held for one topic of one LATEST subscriber, 1 or more; beyond it reads the log page by page. Default 10,000.</summary>
    public int LatestKeys { get; set; } = 10_000;

    /// <summary>How often every followed topic's last offset is compared with Redis, to see a lost last event. 10 ms to 1 min. Default 400 ms.</summary>
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>How long an event that Redis has may be under way by pub/sub before it counts as lost. 0 to 10 s. Default 50 ms.</summary>
    public TimeSpan CheckGrace { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a topic that nobody follows any more stays subscribed. 0 to 1 h. Default 5 s.</summary>
    public TimeSpan TopicLinger { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The wait before trying again what failed: a read, a subscription, a history. 10 ms to 1 min. Default 250 ms.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How many reads of histories run at a time, of all topics together. 1 to 1,000. Default 8.</summary>
    public int MaxHistoryReads { get; set; } = 8;

    /// <summary>How often the delivery of publications is tested by a publication to itself. 100 ms to 10 min. Default 5 s.</summary>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long such a publication may take; then all subscriptions are made anew. 10 ms to 1 min. Default 2 s.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long connecting to Redis may take. 100 ms to 1 min. Default 2 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a command may take. 50 ms to 1 min. Default 2 s.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a lost connection is tried again. 100 ms to 1 min. Default 250 ms.</summary>
    public TimeSpan ReconnectInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Where Redis is; bound from <c>ConnectionStrings:Redis</c>.</summary>
    internal string ConnectionString { get; set; } = "";
}
