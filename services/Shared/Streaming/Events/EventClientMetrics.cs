using System.Diagnostics.Metrics;
using Microservices.Streaming.Calls;

namespace Microservices.Streaming.Events;

/// <summary>What a client of event streams measures. The only tag is the method. Thread-safe.</summary>
internal sealed class EventClientMetrics
{
    private readonly UpDownCounter<long> _streams;
    private readonly Counter<long> _events;
    private readonly Counter<long> _reconnects;
    private readonly Counter<long> _drains;
    private readonly Counter<long> _resets;
    private readonly KeyValuePair<string, object?>[] _method;

    internal EventClientMetrics(IMeterFactory meters, string method)
    {
        var meter = meters.Create(CallStreamMetrics.MeterName);
        _streams = meter.CreateUpDownCounter<long>("eventstream.client.streams", "{stream}", "Open streams.");
        _events = meter.CreateCounter<long>("eventstream.client.events", "{event}", "Events received.");
        _reconnects = meter.CreateCounter<long>("eventstream.client.reconnects", "{stream}", "Streams opened in place of another.");
        _drains = meter.CreateCounter<long>("eventstream.client.drains", "{stream}", "Streams that the server asked the client to leave.");
        _resets = meter.CreateCounter<long>("eventstream.client.resets", "{reset}", "Resets received: times that events may be missing.");
        _method = CallStreamMetrics.Tags(method);
        // A rate shows a counter's first step only if it was there before.
        foreach (var rare in (Counter<long>[])[_reconnects, _drains, _resets])
            rare.Add(0, _method);
    }

    internal void Streams(int change) => _streams.Add(change, _method);

    internal void Events(int count) => _events.Add(count, _method);

    internal void Reconnected() => _reconnects.Add(1, _method);

    internal void Drained() => _drains.Add(1, _method);

    internal void Reset() => _resets.Add(1, _method);
}
