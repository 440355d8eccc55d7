using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>How far a job has come.</summary>
[JsonConverter(typeof(JobStateConverter))]
public enum JobState
{
    /// <summary>A state that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It waits: for its time, for its turn, or for a process that does its kind.</summary>
    Waiting,

    /// <summary>It is being done.</summary>
    Running,

    /// <summary>It is done, and has its output.</summary>
    Succeeded,

    /// <summary>It is given up.</summary>
    Failed,

    /// <summary>Somebody has cancelled it.</summary>
    Cancelled,

    /// <summary>It was not begun within 7 days after it was due.</summary>
    Expired,
}

/// <summary>Which of an owner's jobs come first: each step counts as if the job had been due a minute earlier.</summary>
[JsonConverter(typeof(JobPriorityConverter))]
public enum JobPriority
{
    /// <summary>After the rest.</summary>
    Low,

    /// <summary>As most.</summary>
    Normal,

    /// <summary>Before the rest.</summary>
    High,
}

/// <summary>What happened to a job.</summary>
[JsonConverter(typeof(JobEventKindConverter))]
public enum JobEventKind
{
    /// <summary>Something that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It was enqueued.</summary>
    Enqueued,

    /// <summary>An attempt has begun.</summary>
    Began,

    /// <summary>It has come further, or has said something.</summary>
    Progressed,

    /// <summary>An attempt failed, and there will be another.</summary>
    Retried,

    /// <summary>The process that did it has ended, and it will be begun again.</summary>
    Interrupted,

    /// <summary>Somebody has cancelled it while it runs.</summary>
    Cancelling,

    /// <summary>It is over: its state says how.</summary>
    Ended,
}

/// <summary>The job to be enqueued.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record EnqueueJob
{
    /// <summary>The user whose it is.</summary>
    [Required]
    public string? OwnerId { get; init; }

    /// <summary>What is to be done: `hash`, `compress` or `csv-statistics`.</summary>
    [Required]
    public string? Kind { get; init; }

    /// <summary>What the kind has as its input, as protobuf has it in JSON: bytes are base64. Its fields are those of `HashInput`, `CompressInput` or `CsvStatisticsInput` of the contract `jobs/v1/kinds.proto`.</summary>
    [Required]
    public JsonElement? Input { get; init; }

    /// <summary>Which of the owner's jobs come first. `normal` when absent.</summary>
    public JobPriority? Priority { get; init; }

    /// <summary>At most 128 visible ASCII characters. Where the owner has a job with the same one that is not over, that job is the answer. None when absent.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>Not to be begun before this: RFC 3339, at most one year from now. At once when absent.</summary>
    public DateTimeOffset? DueTime { get; init; }

    /// <summary>How many seconds an attempt may take: 1 to 86,400. 300 when absent.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>After how many attempts that failed it has failed: 1 to 20. 3 when absent.</summary>
    public int? MaxAttempts { get; init; }
}

/// <summary>A piece of work.</summary>
public sealed record Job
{
    /// <summary>Identifies the job for good.</summary>
    public required string JobId { get; init; }

    /// <summary>The user whose it is.</summary>
    public required string OwnerId { get; init; }

    /// <summary>What is done.</summary>
    public required string Kind { get; init; }

    /// <summary>Identifies it among the owner's jobs that are not over; absent when it has none.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>Which of the owner's jobs come first.</summary>
    public required JobPriority Priority { get; init; }

    /// <summary>How far it has come.</summary>
    public required JobState State { get; init; }

    /// <summary>Why it is as it is, for people; absent when there is nothing to say.</summary>
    public string? Detail { get; init; }

    /// <summary>How much of the present attempt is done, in percent.</summary>
    public required int Progress { get; init; }

    /// <summary>How often it was begun; being interrupted does not count.</summary>
    public required int Attempts { get; init; }

    /// <summary>After how many attempts that failed it has failed.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>How often the process that did it has ended in between.</summary>
    public required int Interruptions { get; init; }

    /// <summary>How many seconds an attempt may take.</summary>
    public required double TimeoutSeconds { get; init; }

    /// <summary>Somebody has cancelled it, and it has not ended yet.</summary>
    public required bool Cancelling { get; init; }

    /// <summary>Counts its changes: the larger, the later.</summary>
    public required long Version { get; init; }

    /// <summary>Not begun before this: RFC 3339, UTC.</summary>
    public required DateTime DueTime { get; init; }

    /// <summary>When it was enqueued: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }

    /// <summary>When the last attempt began; absent before the first.</summary>
    public DateTime? StartTime { get; init; }

    /// <summary>When it was over; absent until then.</summary>
    public DateTime? EndTime { get; init; }
}

/// <summary>A page of an owner's jobs.</summary>
public sealed record JobPage
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<Job> Jobs { get; init; }

    /// <summary>Gets the next page; absent on the last.</summary>
    public string? NextPageToken { get; init; }
}

/// <summary>What a job has come to so far.</summary>
public sealed record JobResult
{
    /// <summary>The job.</summary>
    public required Job Job { get; init; }

    /// <summary>Its output, as protobuf has it in JSON, as the contract `jobs/v1/kinds.proto` has it for the kind; absent unless it has succeeded.</summary>
    public JsonElement? Output { get; init; }
}

/// <summary>One change: the data of `event: job`.</summary>
public sealed record JobEvent
{
    /// <summary>What happened.</summary>
    public required JobEventKind Kind { get; init; }

    /// <summary>The job as it was right after.</summary>
    public required Job Job { get; init; }

    /// <summary>What it has said since the event before, oldest first.</summary>
    public required IReadOnlyList<string> LogLines { get; init; }

    /// <summary>How many lines more it has said; absent for none.</summary>
    public int? DroppedLines { get; init; }

    /// <summary>When it happened: RFC 3339, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>The trace context of what has caused it, as in the W3C header of this name; absent when that is not sampled.</summary>
    public string? Traceparent { get; init; }
}
