using System.Collections.Concurrent;
using Microservices.EventLog;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>A database in memory: topics of consecutive events whose payload is their offset.</summary>
internal sealed class TestHistory : IEventHistory
{
    private readonly ConcurrentDictionary<string, long> last = new();
    private int reads;

    public int Reads => Volatile.Read(ref reads);

    public string Epoch { get; set; } = "db1";

    public void Commit(string topic, long offset) => last[topic] = offset;

    public ValueTask<HistoryPage?> ReadAsync(string topic, long after, int maxEvents, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref reads);
        if (!last.TryGetValue(topic, out var end))
            return ValueTask.FromResult<HistoryPage?>(null);
        var events = new List<HistoryEvent>();
        for (var offset = after + 1; offset <= end && events.Count < maxEvents; offset++)
            events.Add(new HistoryEvent(offset, Events.Payload(offset), null, DateTimeOffset.UnixEpoch));
        return ValueTask.FromResult<HistoryPage?>(new HistoryPage(Epoch, end, events));
    }
}
