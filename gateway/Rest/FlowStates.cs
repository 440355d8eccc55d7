using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>How far a flow has come.</summary>
[JsonConverter(typeof(FlowStateConverter))]
public enum FlowState
{
    /// <summary>A state that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It goes on, or waits for its turn.</summary>
    Running,

    /// <summary>It waits: for a job, a time, a signal or a person.</summary>
    Waiting,

    /// <summary>What it has to make undone is being undone.</summary>
    Undoing,

    /// <summary>It is done, and has its output.</summary>
    Succeeded,

    /// <summary>It has failed.</summary>
    Failed,

    /// <summary>Somebody has cancelled it.</summary>
    Cancelled,
}

/// <summary>What a step does.</summary>
[JsonConverter(typeof(FlowStepKindConverter))]
public enum FlowStepKind
{
    /// <summary>Something that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>Something small, in the service.</summary>
    Local,

    /// <summary>It has a job done.</summary>
    Job,

    /// <summary>It waits for a time.</summary>
    Sleep,

    /// <summary>It waits for a signal.</summary>
    Signal,

    /// <summary>It asks a person.</summary>
    Approval,

    /// <summary>It remembers with which version of its code the flow has come here.</summary>
    Version,

    /// <summary>It makes another step undone.</summary>
    Compensation,
}

/// <summary>How far a step has come.</summary>
[JsonConverter(typeof(FlowStepStateConverter))]
public enum FlowStepState
{
    /// <summary>A state that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It waits: for what it is about, or to be tried again.</summary>
    Waiting,

    /// <summary>It is done.</summary>
    Done,

    /// <summary>It has failed for good.</summary>
    Failed,

    /// <summary>What it waited for did not come in time.</summary>
    TimedOut,

    /// <summary>The flow was over before it was.</summary>
    Cancelled,
}

/// <summary>How what a step has come to compares with the same step of the flow that is run again.</summary>
[JsonConverter(typeof(FlowComparisonConverter))]
[Description("How what a step has come to compares with the same step of the flow that is run again.")]
public enum FlowComparison
{
    /// <summary>It is the same, byte by byte.</summary>
    Same,

    /// <summary>It is something else.</summary>
    Different,

    /// <summary>The other flow has no such step.</summary>
    New,
}

/// <summary>What happened to a flow.</summary>
[JsonConverter(typeof(FlowEventKindConverter))]
public enum FlowEventKind
{
    /// <summary>Something that this gateway does not know yet.</summary>
    Unknown,

    /// <summary>It was started.</summary>
    Started,

    /// <summary>A step has begun to wait, is over, or has failed.</summary>
    Stepped,

    /// <summary>It waits, with nothing else to do meanwhile.</summary>
    Waited,

    /// <summary>Somebody has given it a signal that is kept.</summary>
    Signalled,

    /// <summary>A step has failed, or somebody has cancelled it.</summary>
    Stopped,

    /// <summary>It is over: its state says how.</summary>
    Ended,
}
