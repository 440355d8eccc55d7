using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>The schedule to be made.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateSchedule
{
    /// <summary>The user whose it is, and whose its jobs are.</summary>
    [Required]
    public string? OwnerId { get; init; }

    /// <summary>When the jobs come: the five fields minute, hour, day of the month, month and day of the week.</summary>
    [Required]
    public string? Cron { get; init; }

    /// <summary>By whose clocks: the IANA name of a time zone. UTC when absent.</summary>
    public string? TimeZone { get; init; }

    /// <summary>What each job does: see `enqueueJob`.</summary>
    [Required]
    public string? Kind { get; init; }

    /// <summary>What each job has as its input: see `enqueueJob`.</summary>
    [Required]
    public JsonElement? Input { get; init; }

    /// <summary>Which of the owner's jobs come first. `normal` when absent.</summary>
    public JobPriority? Priority { get; init; }

    /// <summary>How many seconds an attempt at a job may take: 1 to 86,400. 300 when absent.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>After how many attempts that failed a job has failed: 1 to 20. 3 when absent.</summary>
    public int? MaxAttempts { get; init; }
}

/// <summary>What to change of a schedule.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record UpdateSchedule
{
    /// <summary>True has it pause, false has it go on.</summary>
    [Required]
    public bool? Paused { get; init; }
}

/// <summary>When jobs come, and which.</summary>
public sealed record Schedule
{
    /// <summary>Identifies the schedule for good.</summary>
    public required string ScheduleId { get; init; }

    /// <summary>The user whose it is, and whose its jobs are.</summary>
    public required string OwnerId { get; init; }

    /// <summary>When the jobs come: the five fields minute, hour, day of the month, month and day of the week.</summary>
    public required string Cron { get; init; }

    /// <summary>By whose clocks: the IANA name of a time zone.</summary>
    public required string TimeZone { get; init; }

    /// <summary>What each job does.</summary>
    public required string Kind { get; init; }

    /// <summary>Which of the owner's jobs come first.</summary>
    public required JobPriority Priority { get; init; }

    /// <summary>How many seconds an attempt at a job may take.</summary>
    public required double TimeoutSeconds { get; init; }

    /// <summary>After how many attempts that failed a job has failed.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>It enqueues nothing until somebody has it go on.</summary>
    public required bool Paused { get; init; }

    /// <summary>When the next job comes: RFC 3339, UTC; absent while it pauses, and when none will ever come.</summary>
    public DateTime? NextTime { get; init; }

    /// <summary>For which of its times it has enqueued a job last: RFC 3339, UTC; absent before the first.</summary>
    public DateTime? LastTime { get; init; }

    /// <summary>The job that it has enqueued last; absent before the first. It may be deleted by now.</summary>
    public string? LastJobId { get; init; }

    /// <summary>Why it has enqueued nothing when it last should have, for people; absent when there is nothing to say.</summary>
    public string? Detail { get; init; }

    /// <summary>When it was made: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }
}

/// <summary>An owner's schedules.</summary>
public sealed record ScheduleList
{
    /// <summary>All of them, oldest first.</summary>
    public required IReadOnlyList<Schedule> Schedules { get; init; }
}
