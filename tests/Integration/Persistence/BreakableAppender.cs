using System.Collections.Concurrent;
using Microservices.EventLog;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>The event log, which may break in the middle of a batch as a process does that is killed.</summary>
internal sealed class BreakableAppender(IEventLog log) : IEventAppender
{
    private int breakAfter = -1;
    private int appended;
    private volatile bool down;

    /// <summary>Events handed to the log.</summary>
    public int Appended => Volatile.Read(ref appended);

    /// <summary>The offsets handed to the log, in order, by topic.</summary>
    public ConcurrentQueue<(string Topic, long Offset)> Calls { get; } = [];

    /// <summary>How many events and bytes each batch had that was handed to the log.</summary>
    public ConcurrentQueue<(int Events, int Bytes)> Batches { get; } = [];

    /// <summary>Nothing is answered any more.</summary>
    public bool Down
    {
        get => down;
        set => down = value;
    }

    public int MaxEvents => log.MaxEvents;

    public TimeSpan MaxAge => log.MaxAge;

    /// <summary>The next batch with more than so many events is appended up to there; then the call throws.</summary>
    public void BreakAfter(int events) => Volatile.Write(ref breakAfter, events);

    public async Task<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<NewEvent> events, CancellationToken cancellationToken)
    {
        if (Down)
            throw new IOException("down");
        var limit = Volatile.Read(ref breakAfter);
        if (limit >= 0 && events.Count > limit)
        {
            Volatile.Write(ref breakAfter, -1);
            await log.AppendAsync([.. events.Take(limit)], cancellationToken);
            throw new IOException("killed");
        }

        foreach (var e in events)
            Calls.Enqueue((e.Topic, e.Offset));
        Batches.Enqueue((events.Count, events.Sum(e => e.Payload.Length)));
        Interlocked.Add(ref appended, events.Count);
        return await log.AppendAsync(events, cancellationToken);
    }

    public Task<IReadOnlyList<TopicHead>> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
        Down ? throw new IOException("down") : log.ReadHeadsAsync(topics, cancellationToken);
}
