namespace Microservices.EventLog;

/// <summary>
/// What Redis holds of a topic from a place on: where the topic ends, the oldest offset that is held, and the events at the place itself,
/// where it is held, and after it; all of it at one moment.
/// </summary>
internal readonly record struct LogRange(string Topic, Position Head, long EarliestOffset, IReadOnlyList<LogEvent> Events)
{
    /// <summary>The page of a topic that has no log.</summary>
    public static LogPage PageWithoutLog(string topic, Position after) => LogPage.Create(
        after.IsOf("") ? ReadStatus.Ok : ReadStatus.EpochChanged, topic, Position.Start, 1, after.IsEarliest ? Position.Start : after, []);

    /// <summary>The page after the place, with the events that follow it if each connects to the one before, and the first to the place.</summary>
    public LogPage PageAfter(Position after)
    {
        if (after.IsEarliest)
            after = new Position(Head.Epoch, EarliestOffset - 1, 0);
        if (!after.IsOf(Head.Epoch))
            return Refuse(ReadStatus.EpochChanged, after);
        if (after.Offset > Head.Offset)
            return Refuse(ReadStatus.Rewound, after);
        if (after.Offset == Head.Offset)
            return Position.Agree(after.Link, Head.Link) ? Page(Head, []) : Refuse(ReadStatus.Forked, after);
        if (after.Offset < EarliestOffset - 1)
            return Refuse(ReadStatus.Truncated, after);

        var following = new List<LogEvent>(Events.Count);
        var end = after;
        foreach (var e in Events)
        {
            // The event at the place itself is there to show that it is the one that the reader saw.
            if (e.Offset == after.Offset ? !Position.Agree(e.Id, after.Link) : !end.IsBefore(e))
                return Refuse(ReadStatus.Forked, after);
            if (e.Offset == after.Offset)
                continue;
            following.Add(e);
            end = e.Position;
        }

        return Page(end, following);
    }

    private LogPage Page(Position end, IReadOnlyList<LogEvent> events) => LogPage.Create(ReadStatus.Ok, Topic, Head, EarliestOffset, end, events);

    private LogPage Refuse(ReadStatus status, Position after) => LogPage.Create(status, Topic, Head, EarliestOffset, after, []);
}
