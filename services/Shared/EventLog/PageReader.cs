using Microsoft.Extensions.Options;

namespace Microservices.EventLog;

/// <summary>Reads the events after a place from the log, and where that does not connect, from the history behind it.</summary>
internal sealed class PageReader(ILogReader log, HistoryReader history, IOptions<EventLogOptions> options)
{
    private readonly EventLogOptions options = options.Value;

    /// <summary>How many pages were read from Redis: tests count them to see that reads are shared.</summary>
    public long Reads => Interlocked.Read(ref reads);

    private long reads;

    public bool HasHistory(string topic) => history.Knows(topic);

    /// <summary>
    /// One page. Its status is Ok whenever log or history has what follows the place, or confirms that nothing does; otherwise it is
    /// the log's. With <paramref name="beyondLog"/> the history is also asked for events that a rewound log lacks at its end.
    /// </summary>
    public async Task<LogPage> ReadAsync(string topic, Position after, bool beyondLog, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref reads);
        var page = await log.ReadAsync(topic, after, options.BatchEvents, options.BatchBytes, cancellationToken);

        // The oldest event that Redis holds is not the oldest one of the topic.
        var earliestIsElsewhere = after.IsEarliest && page.EarliestOffset > 1;
        if (page.Status == ReadStatus.Ok && !earliestIsElsewhere && !(beyondLog && page.ReachedEnd))
            return page;

        var connects = page.Status == ReadStatus.Ok && !earliestIsElsewhere;
        var older = await history.ReadAsync(topic, connects ? page.End : after, options.BatchEvents, cancellationToken);
        if (older is null)
            return page;
        if (older.Status != ReadStatus.Ok)
            return connects || earliestIsElsewhere ? page : page with { Status = Worse(page.Status, older.Status) };
        if (connects)
            return older.Events.Count == 0 ? page : older with { Events = [.. page.Events, .. older.Events], Head = page.Head, ReachedEnd = older.ReachedEnd };

        return older with
        {
            Head = page.Head,
            ReachedEnd = older.ReachedEnd && older.End.Offset >= (page.Epoch == older.Epoch ? page.LastOffset : 0),
        };
    }

    /// <summary>Where a topic that nobody follows yet stands: the log's end, or without a log the history's.</summary>
    public async Task<Position> ReadHeadAsync(string topic, CancellationToken cancellationToken)
    {
        var reply = (await log.ReadHeadsAsync([topic], cancellationToken))[0];
        if (reply.Error is { } error)
            throw new EventLogUnavailableException($"Redis did not say where {topic} ends.", error);
        return reply.Head.Offset > 0 ? reply.Head : await history.ReadHeadAsync(topic, cancellationToken) ?? Position.Start;
    }

    // A reader that saw what the database never committed is forked, whatever the log looks like.
    private static ReadStatus Worse(ReadStatus log, ReadStatus database) => database == ReadStatus.Forked ? ReadStatus.Forked : log;
}
