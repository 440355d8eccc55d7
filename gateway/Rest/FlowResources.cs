using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>The flow to be started.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record StartFlow
{
    /// <summary>The user whose it is.</summary>
    [Required]
    public string? OwnerId { get; init; }

    /// <summary>Which flow: `archive-csv`.</summary>
    [Required]
    public string? Kind { get; init; }

    /// <summary>What the flow has as its input, as protobuf has it in JSON. Its fields are those of `ArchiveCsvInput` of the contract `jobs/v1/flow_kinds.proto`.</summary>
    [Required]
    public JsonElement? Input { get; init; }
}

/// <summary>A signal.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SignalFlow
{
    /// <summary>What the flow calls it: the name of a step.</summary>
    [Required]
    public string? Name { get; init; }

    /// <summary>What the flow gets with it, in base64: at most 16 KiB. Nothing when absent.</summary>
    public byte[]? Payload { get; init; }
}

/// <summary>The answer of a person.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record DecideFlow
{
    /// <summary>The name of the step that asks.</summary>
    [Required]
    public string? Name { get; init; }

    /// <summary>Yes or no.</summary>
    [Required]
    public bool? Approved { get; init; }

    /// <summary>What there is to add: at most 500 characters. Nothing when absent.</summary>
    public string? Comment { get; init; }
}

/// <summary>From where a flow is to be run again.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RerunFlow
{
    /// <summary>The number of the first step to be done again. All when absent.</summary>
    public int? FromStep { get; init; }
}

/// <summary>A piece of work of many steps.</summary>
public sealed record Flow
{
    /// <summary>Identifies the flow for good.</summary>
    public required string FlowId { get; init; }

    /// <summary>The user whose it is.</summary>
    public required string OwnerId { get; init; }

    /// <summary>Which flow it is.</summary>
    public required string Kind { get; init; }

    /// <summary>How far it has come.</summary>
    public required FlowState State { get; init; }

    /// <summary>What it waits for, or why it has failed, for people; absent when there is nothing to say.</summary>
    public string? Detail { get; init; }

    /// <summary>How many steps it has begun.</summary>
    public required int Steps { get; init; }

    /// <summary>How many signals are kept until it asks for them.</summary>
    public required int Signals { get; init; }

    /// <summary>How many bytes its input and what its steps have come to have together.</summary>
    public required long Bytes { get; init; }

    /// <summary>Somebody has cancelled it, and it has not ended yet.</summary>
    public required bool Cancelling { get; init; }

    /// <summary>The flow that it runs again; absent for none.</summary>
    public string? RerunOf { get; init; }

    /// <summary>Counts its changes: the larger, the later.</summary>
    public required long Version { get; init; }

    /// <summary>When it was started: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }

    /// <summary>When it was over; absent until then.</summary>
    public DateTime? EndTime { get; init; }
}

/// <summary>A step of a flow.</summary>
public sealed record FlowStep
{
    /// <summary>Counts the steps in the order in which they were begun.</summary>
    public required int Number { get; init; }

    /// <summary>Its name; that of a part of a fan-out begins with which part it is.</summary>
    public required string Name { get; init; }

    /// <summary>How many of that name came before it.</summary>
    public required int Occurrence { get; init; }

    /// <summary>What it does.</summary>
    public required FlowStepKind Kind { get; init; }

    /// <summary>How far it has come.</summary>
    public required FlowStepState State { get; init; }

    /// <summary>How often it was tried and failed.</summary>
    public required int Failures { get; init; }

    /// <summary>What it asks, or why it has failed, for people; absent when there is nothing to say.</summary>
    public string? Detail { get; init; }

    /// <summary>The job that it has had done; absent for none.</summary>
    public string? JobId { get; init; }

    /// <summary>How many bytes what it has come to has.</summary>
    public required int OutputBytes { get; init; }

    /// <summary>It was not done, since the owner had the result of one with the same input.</summary>
    public required bool Cached { get; init; }

    /// <summary>It was not done, but copied from the flow that this one runs again.</summary>
    public required bool Copied { get; init; }

    /// <summary>How what it has come to compares with the flow that this one runs again; absent while there is nothing to compare.</summary>
    public FlowComparison? Comparison { get; init; }

    /// <summary>When it was begun or, of one that was done at once, when it was done: RFC 3339, UTC.</summary>
    public required DateTime CreateTime { get; init; }

    /// <summary>Until when it waits; absent where that is not said.</summary>
    public DateTime? DueTime { get; init; }

    /// <summary>When it was over; absent until then.</summary>
    public DateTime? EndTime { get; init; }
}

/// <summary>A page of an owner's flows.</summary>
public sealed record FlowPage
{
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<Flow> Flows { get; init; }

    /// <summary>Gets the next page; absent on the last.</summary>
    public string? NextPageToken { get; init; }
}

/// <summary>A flow with what it has come to so far.</summary>
public sealed record FlowDetails
{
    /// <summary>The flow.</summary>
    public required Flow Flow { get; init; }

    /// <summary>Its steps, in the order in which they were begun.</summary>
    public required IReadOnlyList<FlowStep> Steps { get; init; }

    /// <summary>Its output, as protobuf has it in JSON, as the contract `jobs/v1/flow_kinds.proto` has it for the kind; absent unless it has succeeded.</summary>
    public JsonElement? Output { get; init; }
}

/// <summary>One change: the data of `event: flow`.</summary>
public sealed record FlowEvent
{
    /// <summary>What happened.</summary>
    public required FlowEventKind Kind { get; init; }

    /// <summary>The flow as it was right after.</summary>
    public required Flow Flow { get; init; }

    /// <summary>The step as it was right after; absent where it is about none.</summary>
    public FlowStep? Step { get; init; }

    /// <summary>When it happened: RFC 3339, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>The trace context of what has caused it, as in the W3C header of this name; absent when that is not sampled.</summary>
    public string? Traceparent { get; init; }
}
