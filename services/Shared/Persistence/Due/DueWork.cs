namespace Microservices.Persistence;

/// <summary>
/// Work that is to be done at a time: a row in the database of the service that owns it, committed with the change that asks for it. It is deleted
/// in the transaction that commits its result.
/// </summary>
public sealed class DueWork
{
    internal const int MaxNameLength = 64;
    internal const int MaxKeyLength = 200;
    internal const int MaxErrorLength = 512;

    /// <summary>Its number: in the order of commits for each key, of those that asked for it or, where it was asked for again while it was done, of the end of that.</summary>
    public required long Number { get; init; }

    /// <summary>What it is, which names its handler.</summary>
    public required string Kind { get; init; }

    /// <summary>Identifies it within its kind.</summary>
    public required string Id { get; init; }

    /// <summary>Work of one kind and key is done one after the other, in the order of commits; empty for no order.</summary>
    public required string Key { get; init; }

    /// <summary>Its priority.</summary>
    public required DuePriority Priority { get; init; }

    /// <summary>When it is due, in Unix milliseconds by the database's clock; where it has waited behind other work of its key, when its turn came.</summary>
    public required long DueAtMs { get; init; }

    /// <summary>What its handler needs to know.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>The trace context of what asked for it; null where that was not recorded.</summary>
    public required byte[]? TraceContext { get; init; }

    /// <summary>Whether it waits for its time, for other work of its key, or for an operator.</summary>
    public required DueState State { get; init; }

    /// <summary>How often it was begun since it was last asked for, this time included. What was given back because its process stopped does not count.</summary>
    public required int Attempts { get; init; }

    /// <summary>The process that does it; empty for none.</summary>
    public required string Owner { get; init; }

    /// <summary>Until when it is its owner's, in Unix milliseconds by the database's clock. Further ahead than a lease lasts, it is free now.</summary>
    public required long LeasedUntilMs { get; init; }

    /// <summary>Grows each time it is taken or given back: who took it with a lower one cannot commit a result.</summary>
    public required long Fence { get; init; }

    /// <summary>Why the last attempt failed, for people; empty where none has.</summary>
    public required string LastError { get; init; }

    /// <summary>
    /// Whether no other process can have begun it meanwhile. A process that stood still for longer than its lease sees that here before anybody can tell it: a handler with many
    /// effects elsewhere asks before each.
    /// </summary>
    public bool IsLeased => Lease is { IsOver: false };

    /// <summary>When this process took it, in Unix milliseconds by the database's clock: so a handler knows that clock without asking. 0 for what it has not taken.</summary>
    public long TakenAtMs => Lease is { } lease ? LeasedUntilMs - (long)lease.Duration.TotalMilliseconds : 0;

    /// <summary>Null for what this process has not taken.</summary>
    internal DueLease? Lease { get; set; }
}

/// <summary>
/// Which of the work that is due comes first: each step up counts as if it had been due a minute earlier, so that low priority waits longer, but not
/// for ever. The numbers are stored.
/// </summary>
public enum DuePriority
{
    /// <summary>After the rest.</summary>
    Low = 0,

    /// <summary>As most.</summary>
    Normal = 1,

    /// <summary>Before the rest.</summary>
    High = 2,
}

/// <summary>What a row of due work waits for. The numbers are stored.</summary>
public enum DueState
{
    /// <summary>Its time, or a worker.</summary>
    Ready = 0,

    /// <summary>Other work of its key, which comes before it.</summary>
    Behind = 1,

    /// <summary>An operator: its attempts are used up. What comes after it in its key is not held up.</summary>
    Quarantined = 2,
}

/// <summary>Work to add: <see cref="ServiceDbContext.AddDue"/>.</summary>
/// <param name="Kind">A kind that this process handles (<see cref="DueRegistration.AddDueWork"/>).</param>
/// <param name="Payload">What its handler needs to know: at most <see cref="MaxPayloadBytes"/>.</param>
public sealed record NewDueWork(string Kind, byte[] Payload)
{
    /// <summary>The largest payload: 256 KiB.</summary>
    public const int MaxPayloadBytes = 256 << 10;

    /// <summary>The furthest that work may be put off: ten years.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromDays(3650);

    /// <summary>Identifies it within its kind, 1 to 64 characters: where there is such work already, adding it changes nothing, unless it <see cref="AsksAgain"/>. A new UUID unless set.</summary>
    public string Id { get; init; } = Guid.CreateVersion7().ToString("n");

    /// <summary>
    /// Where there is such work already it is due when this would be, if that is earlier, and has all its attempts again; what is being done just now is done
    /// once more afterwards, behind what is due by then. So work that looks at what there is to do misses nothing that was committed before it was asked for.
    /// </summary>
    public bool AsksAgain { get; init; }

    /// <summary>
    /// Work of one key is done one after the other, in the order of commits; at most 200 characters, empty (the default) for no order. Keys take
    /// turns, so that a key with much work holds up no other: spread over a few keys, a caller has as many running at a time.
    /// </summary>
    public string Key { get; init; } = "";

    /// <summary>Which comes first. Normal unless set.</summary>
    public DuePriority Priority { get; init; } = DuePriority.Normal;

    /// <summary>How long after its commit it is due, or after <see cref="At"/>. Zero, at once, unless set.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>When it is due, by the database's clock; the time of its commit unless set.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>What is wrong with it, beginning with the name of the property; null when nothing is.</summary>
    internal string? Violation =>
        Kind.Length is 0 or > DueWork.MaxNameLength ? $"{nameof(Kind)} must have 1 to {DueWork.MaxNameLength} characters, but has {Kind.Length}."
        : Id.Length is 0 or > DueWork.MaxNameLength ? $"{nameof(Id)} must have 1 to {DueWork.MaxNameLength} characters, but has {Id.Length}."
        : Key.Length > DueWork.MaxKeyLength ? $"{nameof(Key)} must have at most {DueWork.MaxKeyLength} characters, but has {Key.Length}."
        : Payload.Length > MaxPayloadBytes ? $"{nameof(Payload)} must have at most {MaxPayloadBytes} bytes, but has {Payload.Length}."
        : Delay < TimeSpan.Zero || Delay > MaxDelay ? $"{nameof(Delay)} must be from 0 to {MaxDelay.TotalDays} days, but is {Delay}."
        : Enum.IsDefined(Priority) ? null : $"{nameof(Priority)} must be one of those that there are, but is {(int)Priority}.";
}
