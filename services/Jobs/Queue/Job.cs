using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>A job as kept, but for what it is given and comes to.</summary>
internal sealed class Job
{
    public const int MaxKind = 64;
    public const int MaxUniqueKey = 128;
    public const int MaxDetail = 300;

    /// <summary>The largest input and output, in bytes.</summary>
    public const int MaxContent = 64 << 10;

    /// <summary>After how many deaths of its process it is given up: it may be what they died of.</summary>
    public const int MaxDeaths = 10;

    /// <summary>The rows that wait or run, as indexes filter them.</summary>
    public const string IsNotOver = "\"State\" IN (1, 2)";

    private const long HeadStartMs = 60_000;

    public required string JobId { get; init; }

    public required string OwnerId { get; init; }

    /// <summary>Which of the partitions of all owners the owner is in, so that a partition can be read by itself.</summary>
    public required int Partition { get; init; }

    public required string Kind { get; init; }

    public required string UniqueKey { get; init; }

    /// <summary>The flow that waits for it; empty for none.</summary>
    public string FlowId { get; init; } = "";

    public required JobPriority Priority { get; init; }

    public JobState State { get; set; } = JobState.Waiting;

    public string Detail { get; set; } = "";

    public int Progress { get; set; }

    public int Attempts { get; set; }

    public required int MaxAttempts { get; init; }

    public int Interruptions { get; set; }

    /// <summary>Interruptions by deaths that nothing else explains.</summary>
    public int Deaths { get; set; }

    public required TimeSpan Timeout { get; init; }

    /// <summary>When it is due, in Unix milliseconds by the database's clock.</summary>
    public long DueMs { get; set; }

    /// <summary>Which of its owner's jobs come first.</summary>
    public long TurnMs { get; set; }

    /// <summary>Counts how often it was begun: what another run came to does not count.</summary>
    public long Run { get; set; }

    /// <summary>In which of its owner's lanes it runs.</summary>
    public int Lane { get; set; }

    public bool Cancelling { get; set; }

    public required int InputBytes { get; init; }

    public int OutputBytes { get; set; }

    public long Version { get; set; } = 1;

    public required DateTimeOffset CreateTime { get; init; }

    public DateTimeOffset? StartTime { get; set; }

    /// <summary>Null until it is over.</summary>
    public DateTimeOffset? EndTime { get; set; }

    public bool IsOver => State is not (JobState.Waiting or JobState.Running);

    public V1.Job ToMessage() => new()
    {
        JobId = JobId,
        OwnerId = OwnerId,
        Kind = Kind,
        UniqueKey = UniqueKey,
        Priority = Priority,
        State = State,
        Detail = State == JobState.Waiting && !JobKinds.Has(Kind) ? $"No process does jobs of the kind '{Kind}'." : Detail,
        Progress = Progress,
        Attempts = Attempts,
        MaxAttempts = MaxAttempts,
        Interruptions = Interruptions,
        Timeout = Timeout.ToDuration(),
        DueTime = DateTimeOffset.FromUnixTimeMilliseconds(DueMs).ToTimestamp(),
        InputBytes = InputBytes,
        OutputBytes = OutputBytes,
        Version = Version,
        Cancelling = Cancelling,
        CreateTime = CreateTime.ToTimestamp(),
        StartTime = StartTime?.ToTimestamp(),
        EndTime = EndTime?.ToTimestamp(),
    };

    /// <summary>It waits, and is due at a time.</summary>
    public void Wait(long dueMs, string detail)
    {
        (State, DueMs, TurnMs, Detail, Progress) = (JobState.Waiting, dueMs, dueMs - ((int)Priority - 1) * HeadStartMs, Cut(detail), 0);
        Version++;
    }

    /// <summary>An attempt begins.</summary>
    public void Begin(int lane, DateTimeOffset now)
    {
        (State, Lane, StartTime, Detail, Progress) = (JobState.Running, lane, now, "", 0);
        Attempts++;
        Run++;
        Version++;
    }

    /// <summary>It is over.</summary>
    public void End(JobState state, string detail, DateTimeOffset now)
    {
        (State, Detail, EndTime, Cancelling) = (state, Cut(detail), now, false);
        if (state == JobState.Succeeded)
            Progress = 100;
        Version++;
    }

    private static string Cut(string detail) => detail.Length > MaxDetail ? detail[..MaxDetail] : detail;
}

/// <summary>What a job is given and comes to, and what those of a schedule are given (by its id): apart from the job, since lists do without.</summary>
internal sealed class JobContent
{
    public required string JobId { get; init; }

    public required byte[] Input { get; init; }

    /// <summary>Null until it has succeeded.</summary>
    public byte[]? Output { get; set; }
}

/// <summary>How much an owner has that is not over, and how many schedules.</summary>
internal sealed class JobOwner
{
    public required string OwnerId { get; init; }

    public int Jobs { get; set; }

    public int Schedules { get; set; }

    public int Flows { get; set; }

    /// <summary>Of the inputs of these jobs.</summary>
    public long Bytes { get; set; }
}
