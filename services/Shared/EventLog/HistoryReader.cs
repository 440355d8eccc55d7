using Microsoft.Extensions.Options;

namespace Microservices.EventLog;

/// <summary>Which history answers for topics with a prefix.</summary>
internal sealed record HistoryRoute(string TopicPrefix, IEventHistory History);

/// <summary>Reads a topic's history as a page of the log: verified to connect to the place asked for, or not answered.</summary>
/// <remarks>It reads only so many at a time: after an outage every topic asks, and others need the database behind a history, too.</remarks>
internal sealed class HistoryReader(IEnumerable<HistoryRoute> routes, IOptions<EventLogOptions> options) : IDisposable
{
    private readonly SemaphoreSlim reading = new(options.Value.MaxHistoryReads);
    private readonly HistoryRoute[] routes = [.. routes.OrderByDescending(r => r.TopicPrefix.Length)];

    public bool Knows(string topic) => Find(topic) is not null;

    /// <summary>
    /// The events after a place. Null when there is no history for the topic, or its numbering is another one; else a page whose
    /// status says whether it connects. The page's head and bounds are those of the history.
    /// </summary>
    public async Task<LogPage?> ReadAsync(string topic, Position after, int maxEvents, CancellationToken cancellationToken)
    {
        if (Find(topic) is not { } history)
            return null;
        if (after.IsEarliest)
            after = Position.Start;

        // With the event at the place itself, to see that it is the one the reader saw.
        var from = after.Link != 0 ? after.Offset - 1 : after.Offset;
        var page = await ReadAsync(history, topic, from, maxEvents + 1, cancellationToken);
        if (page is null || !after.IsOf(page.Epoch))
            return null;

        var head = new Position(page.Epoch, page.LastOffset, 0);
        if (page.LastOffset < after.Offset)
            return Page(ReadStatus.Forked, after, []);

        var events = new List<LogEvent>(page.Events.Count);
        var end = after;
        foreach (var h in page.Events)
        {
            var id = Envelope.DurableId(page.Epoch, h.Offset, h.Key, h.Payload.Span);
            if (h.Offset == after.Offset)
            {
                if (!Position.Agree(id, after.Link))
                    return Page(ReadStatus.Forked, after, []);
                continue;
            }

            if (h.Offset != end.Offset + 1)
                return Page(ReadStatus.Truncated, after, []);
            var e = new LogEvent(topic, page.Epoch, h.Offset, id, end.Link, h.At.ToUnixTimeMilliseconds(), h.Key, h.Payload, h.TraceContext);
            events.Add(e);
            end = e.Position;
        }

        if (events.Count == 0 && page.LastOffset > after.Offset)
            return Page(ReadStatus.Truncated, after, []);
        return Page(ReadStatus.Ok, end, events);

        LogPage Page(ReadStatus status, Position at, List<LogEvent> found) =>
            LogPage.Create(status, topic, head, found.Count > 0 ? found[0].Offset : page.LastOffset + 1, at, found);
    }

    /// <summary>Where the history ends; null when there is none.</summary>
    public async Task<Position?> ReadHeadAsync(string topic, CancellationToken cancellationToken)
    {
        if (Find(topic) is not { } history || await ReadAsync(history, topic, long.MaxValue - 1, 1, cancellationToken) is not { } page)
            return null;
        return new Position(page.Epoch, page.LastOffset, 0);
    }

    public void Dispose() => reading.Dispose();

    private async Task<HistoryPage?> ReadAsync(IEventHistory history, string topic, long after, int maxEvents, CancellationToken cancellationToken)
    {
        await reading.WaitAsync(cancellationToken);
        try
        {
            return await history.ReadAsync(topic, after, maxEvents, cancellationToken);
        }
        finally
        {
            reading.Release();
        }
    }

    private IEventHistory? Find(string topic) => Array.Find(routes, route => topic.StartsWith(route.TopicPrefix, StringComparison.Ordinal))?.History;
}
