using Cronos;
using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs.V1;
using Microservices.Persistence;

namespace Microservices.Jobs;

/// <summary>A schedule as kept, but for the input of its jobs, which is where those of jobs are.</summary>
internal sealed class Schedule
{
    public const int MaxCron = 128;
    public const int MaxTimeZone = 64;

    /// <summary>The kind of due work, as it is stored: a row for each schedule that goes on, due at its next time.</summary>
    public const string DueKind = "schedules";

    public required string ScheduleId { get; init; }

    public required string OwnerId { get; init; }

    public required string Cron { get; init; }

    public required string TimeZone { get; init; }

    public required string Kind { get; init; }

    public required JobPriority Priority { get; init; }

    public required TimeSpan Timeout { get; init; }

    public required int MaxAttempts { get; init; }

    public bool Paused { get; set; }

    /// <summary>When the next job comes; null for never.</summary>
    public DateTimeOffset? NextTime { get; set; }

    public DateTimeOffset? LastTime { get; set; }

    public string LastJobId { get; set; } = "";

    public string Detail { get; set; } = "";

    public long Version { get; set; } = 1;

    public required DateTimeOffset CreateTime { get; init; }

    public V1.Schedule ToMessage() => new()
    {
        ScheduleId = ScheduleId,
        OwnerId = OwnerId,
        Cron = Cron,
        TimeZone = TimeZone,
        Kind = Kind,
        Priority = Priority,
        Timeout = Timeout.ToDuration(),
        MaxAttempts = MaxAttempts,
        Paused = Paused,
        NextTime = NextTime?.ToTimestamp(),
        LastTime = LastTime?.ToTimestamp(),
        LastJobId = LastJobId,
        Detail = Detail,
        CreateTime = CreateTime.ToTimestamp(),
    };

    /// <summary>Goes on with the first of its times after one, unless it pauses; its due work, if there is to be any.</summary>
    public NewDueWork? GoOn(DateTimeOffset after)
    {
        NextTime = Paused ? null : Next(Cron, TimeZone, after);
        Version++;
        // What is there already, of before it paused, is due no later.
        return NextTime is { } next ? new NewDueWork(DueKind, []) { Id = ScheduleId, At = next, AsksAgain = true } : null;
    }

    /// <summary>The first time after one; null for none.</summary>
    /// <exception cref="CronFormatException">It is no cron expression.</exception>
    /// <exception cref="TimeZoneNotFoundException">There is no such time zone here.</exception>
    public static DateTimeOffset? Next(string cron, string timeZone, DateTimeOffset after) =>
        CronExpression.Parse(cron, CronFormat.Standard).GetNextOccurrence(after, TimeZoneInfo.FindSystemTimeZoneById(timeZone))?.ToUniversalTime();
}
