using Google.Protobuf;
using Microservices.Primitives;
using JobsV1 = Microservices.Jobs.V1;

namespace Microservices.Gateway.Rest;

/// <summary>The messages of Jobs as JSON resources.</summary>
internal static class JobMapping
{
    public static Job ToJson(this JobsV1.Job job) => new()
    {
        JobId = job.JobId,
        OwnerId = job.OwnerId,
        Kind = job.Kind,
        UniqueKey = WebhookMapping.OrAbsent(job.UniqueKey),
        Priority = job.Priority.ToJson(),
        State = job.State.ToJson(),
        Detail = WebhookMapping.OrAbsent(job.Detail),
        Progress = job.Progress,
        Attempts = job.Attempts,
        MaxAttempts = job.MaxAttempts,
        Interruptions = job.Interruptions,
        TimeoutSeconds = job.Timeout.ToTimeSpan().TotalSeconds,
        Cancelling = job.Cancelling,
        Version = job.Version,
        DueTime = WebhookMapping.Utc(job.DueTime),
        CreateTime = WebhookMapping.Utc(job.CreateTime),
        StartTime = job.StartTime?.ToDateTime(),
        EndTime = job.EndTime?.ToDateTime(),
    };

    public static JobEvent ToJson(this JobsV1.JobEvent told, ByteString cause) => new()
    {
        Kind = told.Kind switch
        {
            JobsV1.JobEventKind.Enqueued => JobEventKind.Enqueued,
            JobsV1.JobEventKind.Began => JobEventKind.Began,
            JobsV1.JobEventKind.Progressed => JobEventKind.Progressed,
            JobsV1.JobEventKind.Retried => JobEventKind.Retried,
            JobsV1.JobEventKind.Interrupted => JobEventKind.Interrupted,
            JobsV1.JobEventKind.Cancelling => JobEventKind.Cancelling,
            JobsV1.JobEventKind.Ended => JobEventKind.Ended,
            _ => JobEventKind.Unknown,
        },
        Job = told.Job.ToJson(),
        LogLines = [.. told.LogLines],
        DroppedLines = told.DroppedLines == 0 ? null : told.DroppedLines,
        Time = WebhookMapping.Utc(told.Time),
        Traceparent = TraceContext.ToTraceparent(cause.Span),
    };

    public static JobsV1.JobPriority ToMessage(this JobPriority? priority) => priority switch
    {
        JobPriority.Low => JobsV1.JobPriority.Low,
        JobPriority.Normal => JobsV1.JobPriority.Normal,
        JobPriority.High => JobsV1.JobPriority.High,
        _ => JobsV1.JobPriority.Unspecified,
    };

    public static JobPriority ToJson(this JobsV1.JobPriority priority) => priority switch
    {
        JobsV1.JobPriority.Low => JobPriority.Low,
        JobsV1.JobPriority.High => JobPriority.High,
        _ => JobPriority.Normal,
    };

    private static JobState ToJson(this JobsV1.JobState state) => state switch
    {
        JobsV1.JobState.Waiting => JobState.Waiting,
        JobsV1.JobState.Running => JobState.Running,
        JobsV1.JobState.Succeeded => JobState.Succeeded,
        JobsV1.JobState.Failed => JobState.Failed,
        JobsV1.JobState.Cancelled => JobState.Cancelled,
        JobsV1.JobState.Expired => JobState.Expired,
        _ => JobState.Unknown,
    };
}
