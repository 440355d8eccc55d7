using System.Text.Json;
using Microservices.Gateway.Rest;

namespace Microservices.Gateway.OpenApi;

/// <summary>The examples of schedules, in the API description.</summary>
internal static class ScheduleExamples
{
    private static readonly DateTime Time = new(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc);

    public static CreateSchedule Create { get; } = new() { OwnerId = "ada", Cron = "30 2 * * MON-FRI", TimeZone = "Europe/Paris", Kind = "hash", Input = JsonElement.Parse("""{"text":"abc"}""") };

    public static Schedule Schedule { get; } = new()
    {
        ScheduleId = "0198f3a2-7c80-7000-8000-9c4d6e8fa027",
        OwnerId = "ada",
        Cron = "30 2 * * MON-FRI",
        TimeZone = "Europe/Paris",
        Kind = "hash",
        Priority = JobPriority.Normal,
        TimeoutSeconds = 300,
        MaxAttempts = 3,
        Paused = false,
        NextTime = new(2026, 2, 2, 1, 30, 0, DateTimeKind.Utc),
        CreateTime = Time,
    };

    public static UpdateSchedule Update { get; } = new() { Paused = true };

    public static Schedule Paused { get; } = Schedule with { Paused = true, NextTime = null };

    public static ScheduleList List { get; } = new() { Schedules = [Schedule] };
}
