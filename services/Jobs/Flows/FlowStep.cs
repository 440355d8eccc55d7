using System.Security.Cryptography;
using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>A step of a flow that is over, or that waits: for what it is about, or to be tried again.</summary>
internal sealed class FlowStep
{
    public const int MaxName = 128;

    public required string FlowId { get; init; }

    /// <summary>In the order in which they were begun.</summary>
    public required int Number { get; init; }

    public required string Name { get; init; }

    public required int Occurrence { get; init; }

    public required string OwnerId { get; init; }

    public required FlowStepKind Kind { get; init; }

    public FlowStepState State { get; set; } = FlowStepState.Waiting;

    public int Failures { get; set; }

    public string Detail { get; set; } = "";

    public string JobId { get; set; } = "";

    /// <summary>What its result may be found by again, in other flows of the owner; empty where it may not.</summary>
    public string CacheKey { get; init; } = "";

    public bool Cached { get; set; }

    public bool Copied { get; init; }

    public byte[] Output { get; set; } = [];

    /// <summary>The SHA-256 of the output, so that two can be compared without reading them; null until it is done.</summary>
    public byte[]? OutputHash { get; set; }

    /// <summary>Until when it waits, in Unix milliseconds by the database's clock; null where that is not said.</summary>
    public long? DueMs { get; set; }

    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>Null until it is over.</summary>
    public DateTimeOffset? EndTime { get; set; }

    public void End(FlowStepState state, string detail, byte[] output, DateTimeOffset now)
    {
        (State, Detail, Output, EndTime) = (state, Flow.Cut(detail), output, now);
        OutputHash = state == FlowStepState.Done ? SHA256.HashData(output) : null;
    }

    public V1.FlowStep ToMessage(FlowComparison comparison = FlowComparison.Unspecified) => new()
    {
        Number = Number,
        Name = Name,
        Occurrence = Occurrence,
        Kind = Kind,
        State = State,
        Failures = Failures,
        Detail = Detail,
        JobId = JobId,
        OutputBytes = Output.Length,
        Cached = Cached,
        Copied = Copied,
        Comparison = comparison,
        CreateTime = CreateTime.ToTimestamp(),
        DueTime = DueMs is { } due ? DateTimeOffset.FromUnixTimeMilliseconds(due).ToTimestamp() : null,
        EndTime = EndTime?.ToTimestamp(),
    };

    /// <summary>The same step as one of another flow.</summary>
    public FlowStep CopyTo(string flowId, int number) => new()
    {
        FlowId = flowId,
        Number = number,
        Name = Name,
        Occurrence = Occurrence,
        OwnerId = OwnerId,
        Kind = Kind,
        State = State,
        Failures = Failures,
        Detail = Detail,
        JobId = JobId,
        Copied = true,
        Output = Output,
        OutputHash = OutputHash,
        CreateTime = CreateTime,
        EndTime = EndTime,
    };
}
