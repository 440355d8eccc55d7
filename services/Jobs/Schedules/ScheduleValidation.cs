using System.Buffers;
using Cronos;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>The rules for the fields of a schedule.</summary>
internal static class ScheduleValidation
{
    private const string Utc = "UTC";
    private static readonly SearchValues<char> InTimeZone = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-");

    public static string TimeZoneOf(CreateScheduleRequest request) => request.TimeZone.Length == 0 ? Utc : request.TimeZone;

    public static JobTerms CheckSchedule(this FieldViolations violations, CreateScheduleRequest request, DateTimeOffset now)
    {
        var isZone = IsTimeZone(TimeZoneOf(request));
        if (!isZone)
            violations.Add("time_zone", "must be the IANA name of a time zone, such as Europe/Paris, or empty for UTC");
        if (request.Cron.Length == 0)
            violations.Add("cron", "is required");
        else if (request.Cron.Length > Schedule.MaxCron || !Comes(request.Cron, isZone ? TimeZoneOf(request) : Utc, now))
            violations.Add("cron", $"must be the five fields of a cron expression whose time comes, in at most {Schedule.MaxCron} characters");
        return violations.CheckJob(new EnqueueJobRequest
        {
            OwnerId = request.OwnerId,
            Kind = request.Kind,
            Input = request.Input,
            Priority = request.Priority,
            Timeout = request.Timeout,
            MaxAttempts = request.MaxAttempts,
            IdempotencyKey = request.IdempotencyKey,
        }, now);
    }

    private static bool Comes(string cron, string timeZone, DateTimeOffset now)
    {
        try
        {
            // Names such as @hourly are no five fields, and one of them is every second.
            return !cron.Contains('@', StringComparison.Ordinal) && Schedule.Next(cron, timeZone, now) is not null;
        }
        catch (CronFormatException)
        {
            return false;
        }
    }

    private static bool IsTimeZone(string name) =>
        name.Length <= Schedule.MaxTimeZone && !name.AsSpan().ContainsAnyExcept(InTimeZone) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId;
}
