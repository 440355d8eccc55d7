using System.Collections.Concurrent;
using Microservices.EventLog;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>A database in memory: topics of consecutive events whose payload is their offset.</summary>
internal sealed class TestHistory : IEventHistory
{
    private readonly ConcurrentDictionary<string, long> last = new();
    private int reads;
    private int reading;
    private int mostAtOnce;

    public int Reads => Volatile.Read(ref reads);

    /// <summary>The most reads that were under way at the same time.</summary>
    public int MostAtOnce => Volatile.Read(ref mostAtOnce);

    /// <summary>How long a read takes.</summary>
    public TimeSpan Latency { get; set; }

    public string Epoch { get; set; } = "db1";

    public void Commit(string topic, long offset) => last[topic] = offset;

    public async ValueTask<HistoryPage?> ReadAsync(string topic, long after, int maxEvents, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref reads);
        var now = Interlocked.Increment(ref reading);
        for (var most = MostAtOnce; now > most && Interlocked.CompareExchange(ref mostAtOnce, now, most) != most;)
            most = MostAtOnce;
        if (Latency > TimeSpan.Zero)
            await Task.Delay(Latency, cancellationToken);
        Interlocked.Decrement(ref reading);
        if (!last.TryGetValue(topic, out var end))
            return null;
        var events = new List<HistoryEvent>();
        for (var offset = after + 1; offset <= end && events.Count < maxEvents; offset++)
            events.Add(new HistoryEvent(offset, Events.Payload(offset), "", DateTimeOffset.UnixEpoch));
        return new HistoryPage(Epoch, end, events);
    }
}
