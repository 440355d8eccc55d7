using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

/// <summary>
/// What Redis holds of one topic, and what it ought to hold. A durable one has a database behind it that forgets nothing, and whose events
/// a relay appends again after Redis lost them.
/// </summary>
internal sealed class ModelLog(string topic, bool isDurable) : IEventHistory
{
    private readonly List<LogEvent> held = [];
    private int epochs;
    private ulong ids;
    private long relayed;

    public bool IsDurable => isDurable;

    /// <summary>Every event of the topic as it is now, by offset, held or not.</summary>
    public List<LogEvent> Events { get; } = [];

    public Position Head { get; private set; } = Position.Start;

    public int Held => held.Count;

    public int Truncations { get; private set; }

    public int Rewinds { get; private set; }

    public int Flushes { get; private set; }

    /// <summary>Whether Redis lacks events of the database that its relay has still to append.</summary>
    public bool HasToRelay => isDurable && Next <= Events.Count;

    private long Next => Head.Offset > 0 || !isDurable ? Head.Offset + 1 : relayed + 1;

    /// <summary>An event of a database, which Redis does not have yet.</summary>
    public void Commit(int key)
    {
        if (isDurable)
            Events.Add(Create("db", key));
    }

    /// <summary>The next event, which is published: of a durable topic one that Redis has lost, or not had yet, if there is such.</summary>
    public LogEvent Append(int key)
    {
        if (isDurable && !HasToRelay)
            Commit(key);
        else if (!isDurable)
            Events.Add(Create(Head.Offset == 0 ? $"e{++epochs}" : Head.Epoch, key));
        var e = Events[(int)Next - 1];
        var appended = new LogEvent(topic, e.Epoch, e.Offset, e.Id, Head.Link, 0, e.Key, e.Payload);
        held.Add(appended);
        Head = appended.Position;
        relayed = Math.Max(relayed, e.Offset);
        return appended;
    }

    public void Truncate(int count)
    {
        Truncations++;
        held.RemoveRange(0, Math.Min(count, held.Count));
    }

    /// <summary>Takes away the last events, but not all, as when a replica without them is promoted.</summary>
    public void Rewind(int count)
    {
        if (count >= held.Count)
            return;
        Rewinds++;
        held.RemoveRange(held.Count - count, count);
        Head = held[^1].Position;
        if (!isDurable)
            Events.RemoveRange((int)Head.Offset, Events.Count - (int)Head.Offset);
    }

    public void Flush()
    {
        Flushes++;
        held.Clear();
        Head = Position.Start;
        if (!isDurable)
            Events.Clear();
    }

    /// <summary>As the script reads.</summary>
    public LogPage Read(Position after, int maxEvents)
    {
        if (Head.Offset == 0)
            return LogRange.PageWithoutLog(topic, after);
        var first = Head.Offset - held.Count + 1;
        var place = after.IsEarliest ? first - 1 : after.Offset;
        var events = place < first - 1 || place >= Head.Offset ? [] : held.Where(e => e.Offset >= place && e.Offset <= place + maxEvents).ToArray();
        return new LogRange(topic, Head, first, events).PageAfter(after);
    }

    ValueTask<HistoryPage?> IEventHistory.ReadAsync(string asked, long after, int maxEvents, CancellationToken cancellationToken) => new(Events.Count == 0 ? null : new HistoryPage(
        "db", Events.Count, [.. Events.Where(e => e.Offset > after).Take(maxEvents).Select(e => new HistoryEvent(e.Offset, e.Payload, e.Key, DateTimeOffset.UnixEpoch))]));

    private LogEvent Create(string epoch, int key)
    {
        var offset = Events.Count + 1;
        var payload = new byte[1 + (offset % 3)];
        var id = isDurable ? Envelope.DurableId(epoch, offset, $"k{key}", payload) : ++ids;
        return new LogEvent(topic, epoch, offset, id, Events.Count == 0 ? 0 : Events[^1].Id, 0, $"k{key}", payload);
    }
}
