using Google.Protobuf;
using Microservices.Primitives;
using JobsV1 = Microservices.Jobs.V1;

namespace Microservices.Gateway.Rest;

/// <summary>The messages of flows as JSON resources.</summary>
internal static class FlowMapping
{
    public static Flow ToJson(this JobsV1.Flow flow) => new()
    {
        FlowId = flow.FlowId,
        OwnerId = flow.OwnerId,
        Kind = flow.Kind,
        State = flow.State switch
        {
            JobsV1.FlowState.Running => FlowState.Running,
            JobsV1.FlowState.Waiting => FlowState.Waiting,
            JobsV1.FlowState.Undoing => FlowState.Undoing,
            JobsV1.FlowState.Succeeded => FlowState.Succeeded,
            JobsV1.FlowState.Failed => FlowState.Failed,
            JobsV1.FlowState.Cancelled => FlowState.Cancelled,
            _ => FlowState.Unknown,
        },
        Detail = WebhookMapping.OrAbsent(flow.Detail),
        Steps = flow.Steps,
        Signals = flow.Signals,
        Bytes = flow.Bytes,
        Cancelling = flow.Cancelling,
        RerunOf = WebhookMapping.OrAbsent(flow.RerunOf),
        Version = flow.Version,
        CreateTime = WebhookMapping.Utc(flow.CreateTime),
        EndTime = flow.EndTime?.ToDateTime(),
    };

    public static FlowStep ToJson(this JobsV1.FlowStep step) => new()
    {
        Number = step.Number,
        Name = step.Name,
        Occurrence = step.Occurrence,
        Kind = step.Kind switch
        {
            JobsV1.FlowStepKind.Local => FlowStepKind.Local,
            JobsV1.FlowStepKind.Job => FlowStepKind.Job,
            JobsV1.FlowStepKind.Sleep => FlowStepKind.Sleep,
            JobsV1.FlowStepKind.Signal => FlowStepKind.Signal,
            JobsV1.FlowStepKind.Approval => FlowStepKind.Approval,
            JobsV1.FlowStepKind.Version => FlowStepKind.Version,
            JobsV1.FlowStepKind.Compensation => FlowStepKind.Compensation,
            _ => FlowStepKind.Unknown,
        },
        State = step.State switch
        {
            JobsV1.FlowStepState.Waiting => FlowStepState.Waiting,
            JobsV1.FlowStepState.Done => FlowStepState.Done,
            JobsV1.FlowStepState.Failed => FlowStepState.Failed,
            JobsV1.FlowStepState.TimedOut => FlowStepState.TimedOut,
            JobsV1.FlowStepState.Cancelled => FlowStepState.Cancelled,
            _ => FlowStepState.Unknown,
        },
        Failures = step.Failures,
        Detail = WebhookMapping.OrAbsent(step.Detail),
        JobId = WebhookMapping.OrAbsent(step.JobId),
        OutputBytes = step.OutputBytes,
        Cached = step.Cached,
        Copied = step.Copied,
        Comparison = step.Comparison switch
        {
            JobsV1.FlowComparison.Same => FlowComparison.Same,
            JobsV1.FlowComparison.Different => FlowComparison.Different,
            JobsV1.FlowComparison.New => FlowComparison.New,
            _ => null,
        },
        CreateTime = WebhookMapping.Utc(step.CreateTime),
        DueTime = step.DueTime?.ToDateTime(),
        EndTime = step.EndTime?.ToDateTime(),
    };

    public static FlowEvent ToJson(this JobsV1.FlowEvent told, ByteString cause) => new()
    {
        Kind = told.Kind switch
        {
            JobsV1.FlowEventKind.Started => FlowEventKind.Started,
            JobsV1.FlowEventKind.Stepped => FlowEventKind.Stepped,
            JobsV1.FlowEventKind.Waited => FlowEventKind.Waited,
            JobsV1.FlowEventKind.Signalled => FlowEventKind.Signalled,
            JobsV1.FlowEventKind.Stopped => FlowEventKind.Stopped,
            JobsV1.FlowEventKind.Ended => FlowEventKind.Ended,
            _ => FlowEventKind.Unknown,
        },
        Flow = told.Flow.ToJson(),
        Step = told.Step?.ToJson(),
        Time = WebhookMapping.Utc(told.Time),
        Traceparent = TraceContext.ToTraceparent(cause.Span),
    };
}
