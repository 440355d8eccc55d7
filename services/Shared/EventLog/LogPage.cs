namespace Microservices.EventLog;

/// <summary>Whether a read connects to the place it was asked to start after.</summary>
public enum ReadStatus
{
    /// <summary>It does: the events follow that place without a gap.</summary>
    Ok,

    /// <summary>The log no longer reaches back to it: events between it and <see cref="LogPage.EarliestOffset"/> are gone.</summary>
    Truncated,

    /// <summary>The topic's numbering began anew since, or the log is gone.</summary>
    EpochChanged,

    /// <summary>The log ends before it: Redis lost writes.</summary>
    Rewound,

    /// <summary>The log has other events there than the reader saw: Redis lost writes and went on.</summary>
    Forked,
}

/// <summary>A range of a topic, as far as it was asked for and is held.</summary>
public sealed record LogPage
{
    /// <summary>Whether the events follow the place asked for. Unless <see cref="ReadStatus.Ok"/> there are no events.</summary>
    public required ReadStatus Status { get; init; }

    /// <summary>The topic's epoch now; empty when there is no log.</summary>
    public required string Epoch { get; init; }

    /// <summary>The offset of the oldest event held; one more than <see cref="LastOffset"/> when none is.</summary>
    public required long EarliestOffset { get; init; }

    /// <summary>The offset of the newest event; 0 when there is no log.</summary>
    public required long LastOffset { get; init; }

    /// <summary>The events, oldest first, offsets consecutive.</summary>
    public required IReadOnlyList<LogEvent> Events { get; init; }

    /// <summary>The place after the last of <see cref="Events"/>, to go on reading from.</summary>
    public required Cursor Next { get; init; }

    /// <summary>The place after the newest event.</summary>
    internal Position Head { get; init; }

    /// <summary>The place after the last of the events, or the place asked for.</summary>
    internal Position End { get; init; }

    /// <summary>Nothing was beyond <see cref="End"/> when it was read.</summary>
    internal bool ReachedEnd { get; init; }

    /// <summary>
    /// Where a reader goes on after a reset: with the oldest event that it cannot have seen. After a fork nobody knows
    /// which it has seen, hence the head.
    /// </summary>
    internal Position AfterReset => Status is ReadStatus.Truncated or ReadStatus.EpochChanged ? new Position(Epoch, EarliestOffset - 1, 0) : Head;

    /// <summary>A page of a topic that ends at <paramref name="head"/>.</summary>
    internal static LogPage Create(ReadStatus status, string topic, Position head, long earliest, Position end, IReadOnlyList<LogEvent> events) => new()
    {
        Status = status,
        Epoch = head.Epoch,
        EarliestOffset = earliest,
        LastOffset = head.Offset,
        Events = events,
        Next = new Cursor([new CursorEntry(Cursor.HashOf(topic), end)]),
        Head = head,
        End = end,
        ReachedEnd = status == ReadStatus.Ok && end.Offset >= head.Offset,
    };
}
