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

    /// <summary>Also for one that is another user's.</summary>
    public static Status FlowNotFound(string flowId) => Domain.NotFound("jobs.v1.Flow", flowId);

    /// <summary>The owner has as many as an owner may have.</summary>
    public static Status TooManyFlows(int flows) => Domain.QuotaExceeded(
        "TOO_MANY_FLOWS", $"An owner may have {flows} flows that are not over: wait until some are, or cancel some.", "owner", TimeSpan.FromSeconds(5));

    /// <summary>The flow has not asked for as many as are kept.</summary>
    public static Status TooManySignals(int signals) => Domain.QuotaExceeded(
        "TOO_MANY_SIGNALS", $"{signals} signals are kept that the flow has not asked for yet.", "flow", TimeSpan.FromSeconds(5));

    /// <summary>It takes no signals any more.</summary>
    public static Status FlowIsOver(string flowId) => Domain.FailedPrecondition("FLOW_IS_OVER", flowId, "The flow is over.");

    /// <summary>Only what is over can be run again.</summary>
    public static Status FlowIsNotOver(string flowId) => Domain.FailedPrecondition("FLOW_IS_NOT_OVER", flowId, "The flow is not over: wait until it is, or cancel it.");

    /// <summary>Nobody is asked that, or somebody has answered.</summary>
    public static Status NotAsked(string flowId, string name) => Domain.FailedPrecondition("NOT_ASKED", flowId, $"The flow does not ask '{name}', or not any more.");
}
