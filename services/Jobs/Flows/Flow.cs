using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>A flow as kept, but for what it is given and comes to, and for its steps. Whoever changes it locks it first (<see cref="FlowChanges"/>).</summary>
internal sealed class Flow
{
    public const int MaxDetail = 300;

    /// <summary>The largest input and output, and the largest output of a step, in bytes.</summary>
    public const int MaxContent = 64 << 10;

    public required string FlowId { get; init; }

    public required string OwnerId { get; init; }

    /// <summary>Which of the partitions of all owners the owner is in, so that a partition can be read by itself.</summary>
    public required int Partition { get; init; }

    public required string Kind { get; init; }

    public FlowState State { get; set; } = FlowState.Running;

    /// <summary>What it ends as, once what it has done is undone: FAILED or CANCELLED; unspecified while it goes on.</summary>
    public FlowState Ending { get; set; }

    public string Detail { get; set; } = "";

    /// <summary>How many steps there are, which is the number of the last.</summary>
    public int Steps { get; set; }

    /// <summary>Signals that it has not asked for yet.</summary>
    public int Signals { get; set; }

    /// <summary>Of its input and of what its steps have come to.</summary>
    public required long Bytes { get; set; }

    public int OutputBytes { get; set; }

    public string RerunOf { get; init; } = "";

    public long Version { get; set; } = 1;

    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>Null until it is over.</summary>
    public DateTimeOffset? EndTime { get; set; }

    public bool IsOver => EndTime is not null;

    public V1.Flow ToMessage() => new()
    {
        FlowId = FlowId,
        OwnerId = OwnerId,
        Kind = Kind,
        State = State,
        Detail = Detail,
        Steps = Steps,
        Signals = Signals,
        Bytes = Bytes,
        OutputBytes = OutputBytes,
        Cancelling = Ending == FlowState.Cancelled && !IsOver,
        RerunOf = RerunOf,
        Version = Version,
        CreateTime = CreateTime.ToTimestamp(),
        EndTime = EndTime?.ToTimestamp(),
    };

    public static string Cut(string detail) => detail.Length > MaxDetail ? detail[..MaxDetail] : detail;
}

/// <summary>What a flow is given and comes to: apart from the flow, since lists do without.</summary>
internal sealed class FlowContent
{
    public required string FlowId { get; init; }

    public required byte[] Input { get; init; }

    /// <summary>Null until it has succeeded.</summary>
    public byte[]? Output { get; set; }
}

/// <summary>A signal that a flow has not asked for yet.</summary>
internal sealed class FlowSignal
{
    public required string FlowId { get; init; }

    /// <summary>The version of the flow that it came with: the oldest first.</summary>
    public required long Number { get; init; }

    public required string Name { get; init; }

    public required byte[] Payload { get; init; }
}
