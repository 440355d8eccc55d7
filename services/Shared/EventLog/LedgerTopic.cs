namespace Microservices.EventLog;

/// <summary>What a <see cref="LogLedger"/> knows of a topic, and about what that takes of Redis's memory. Guarded by the ledger's lock.</summary>
internal sealed class LedgerTopic(string name)
{
    /// <summary>What Redis needs for an entry of a list beyond its bytes. Measured on redis-server 7.0, as are those below.</summary>
    public const int EventBytes = 24;

    // A hash and a list with their keys, expiries and places in the tables, apart from the topic's name, which each of the two keys has.
    private const int HashBytes = 320;
    private const int EmptyListBytes = 290;

    public string Name => name;

    public string Epoch { get; set; } = "";

    public long LastOffset { get; set; }

    /// <summary>How many events are in its list.</summary>
    public long Events { get; set; }

    /// <summary>How many bytes these are.</summary>
    public long Bytes { get; set; }

    public long AppendedAtMs { get; set; }

    /// <summary>Its newest events; null when they have been removed.</summary>
    public LedgerSegment? Newest { get; set; }

    /// <summary>Whether it has no events left, only an end.</summary>
    public bool IsIdle { get; set; }

    /// <summary>Counts how often it became idle or was forgotten.</summary>
    public int Rests { get; set; }

    /// <summary>What its end takes.</summary>
    public int HeadBytes => HashBytes + name.Length;

    /// <summary>What its events take.</summary>
    public long ListBytes => Events == 0 ? 0 : EmptyListBytes + name.Length + Bytes + (Events * EventBytes);
}

/// <summary>Events that were appended to a topic within a quarter of a second.</summary>
internal sealed class LedgerSegment(LedgerTopic topic, long upTo, long atMs)
{
    public LedgerTopic Topic => topic;

    public long AtMs => atMs;

    /// <summary>The offset of the last of them.</summary>
    public long UpTo { get; set; } = upTo;
}

/// <summary>A topic that ran out of events, as long as it did not get another one since.</summary>
internal readonly record struct IdleTopic(LedgerTopic Topic, int Rests, long SinceMs)
{
    public bool IsStill => Topic.IsIdle && Topic.Rests == Rests;
}
