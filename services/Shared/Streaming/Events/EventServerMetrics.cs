using System.Diagnostics.Metrics;
using Microservices.Streaming.Calls;

namespace Microservices.Streaming.Events;

/// <summary>What a server of event streams measures. The only tag is the method. Thread-safe.</summary>
internal sealed class EventServerMetrics
{
    private readonly UpDownCounter<long> _streams;
    private readonly UpDownCounter<long> _subscriptions;
    private readonly Counter<long> _events;
    private readonly Counter<long> _frames;
    private readonly UpDownCounter<long> _queued;
    private readonly Counter<long> _cutOff;
    private readonly Counter<long> _drained;
    private readonly Counter<long> _resets;
    private readonly KeyValuePair<string, object?>[] _method;

    internal EventServerMetrics(IMeterFactory meters, string method, TotalQueued total)
    {
        var meter = meters.Create(CallStreamMetrics.MeterName);
        _streams = meter.CreateUpDownCounter<long>("eventstream.server.streams", "{stream}", "Open streams.");
        _subscriptions = meter.CreateUpDownCounter<long>("eventstream.server.subscriptions", "{subscription}", "Subscriptions on open streams.");
        _events = meter.CreateCounter<long>("eventstream.server.events", "{event}", "Events handed to the transport.");
        _frames = meter.CreateCounter<long>("eventstream.server.frames", "{frame}", "Frames handed to the transport.");
        _queued = meter.CreateUpDownCounter<long>("eventstream.server.queued", "By", "Bytes that wait to be written.");
        _cutOff = meter.CreateCounter<long>("eventstream.server.cut_off", "{stream}", "Streams cut off because their client did not read.");
        _drained = meter.CreateCounter<long>("eventstream.server.drained", "{stream}", "Streams whose client was asked to leave, since the process drains, the stream is old, or an operator asks for it.");
        _resets = meter.CreateCounter<long>("eventstream.server.resets", "{reset}", "Resets sent: subscribers that may miss events.");
        _method = CallStreamMetrics.Tags(method);
        // A rate shows a counter's first step only if it was there before.
        foreach (var rare in (Counter<long>[])[_cutOff, _drained, _resets])
            rare.Add(0, _method);
        _queued.Add(0, _method);
        Queued = change =>
        {
            total.Add(change);
            _queued.Add(change, _method);
        };
    }

    /// <summary>Adds to what waits to be written.</summary>
    internal Action<long> Queued { get; }

    internal void Streams(int change) => _streams.Add(change, _method);

    internal void Subscriptions(int change) => _subscriptions.Add(change, _method);

    internal void Written(int frames, int events)
    {
        _frames.Add(frames, _method);
        if (events > 0)
            _events.Add(events, _method);
    }

    internal void CutOff() => _cutOff.Add(1, _method);

    internal void Drained() => _drained.Add(1, _method);

    internal void Reset() => _resets.Add(1, _method);
}
