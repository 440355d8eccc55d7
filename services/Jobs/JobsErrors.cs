using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Jobs;

/// <summary>The errors of this service.</summary>
internal static class JobsErrors
{
    public static readonly ErrorDomain Domain = new("jobs.v1");

    /// <summary>Also for one that is another user's: the caller does not learn that it exists.</summary>
    public static Status NotFound(string jobId) => Domain.NotFound("jobs.v1.Job", jobId);

    /// <summary>As for a job.</summary>
    public static Status ScheduleNotFound(string scheduleId) => Domain.NotFound("jobs.v1.Schedule", scheduleId);

    /// <summary>The owner has as many as an owner may have.</summary>
    public static Status TooManySchedules(int schedules) =>
        Domain.QuotaExceeded("TOO_MANY_SCHEDULES", $"An owner may have {schedules} schedules: delete one.", "owner", TimeSpan.FromMinutes(1));

    /// <summary>The owner has as many as an owner may have.</summary>
    public static Status TooMany(int jobs, long bytes) => Domain.QuotaExceeded(
        "TOO_MANY_JOBS", $"An owner may have {jobs} jobs that are not over, and {bytes} bytes of their inputs: wait until some are, or cancel some.", "owner", TimeSpan.FromSeconds(5));
}
