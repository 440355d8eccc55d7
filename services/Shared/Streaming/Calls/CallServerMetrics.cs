using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Microservices.Streaming.Calls;

/// <summary>What a callee measures. Tags: the method, and the outcome's code; nothing that grows. Thread-safe.</summary>
internal sealed class CallServerMetrics
{
    private readonly Counter<long> _calls;
    private readonly Histogram<int> _batch;
    private readonly UpDownCounter<long> _inFlight;
    private readonly UpDownCounter<long> _streams;
    private readonly Histogram<double> _queued;
    private readonly Counter<long> _cutOff;
    private readonly KeyValuePair<string, object?>[] _method;
    private readonly KeyValuePair<string, object?>[][] _codes;

    internal CallServerMetrics(IMeterFactory meters, string method)
    {
        var meter = meters.Create(CallStreamMetrics.MeterName);
        _calls = meter.CreateCounter<long>("callstream.server.calls", "{call}", "Calls answered, by outcome.");
        _batch = meter.CreateHistogram("callstream.server.batch.size", "{call}", "Calls handed to the handler at once.", advice: CallStreamMetrics.BatchSizes);
        _inFlight = meter.CreateUpDownCounter<long>("callstream.server.in_flight", "{call}", "Calls unanswered.");
        _streams = meter.CreateUpDownCounter<long>("callstream.server.streams", "{stream}", "Open streams.");
        _queued = meter.CreateHistogram("callstream.server.queue.duration", "s", "From arriving to being handed to the handler.", advice: CallStreamMetrics.Durations);
        _cutOff = meter.CreateCounter<long>("callstream.server.cut_off", "{stream}", "Streams cut off because their caller did not read.");
        _method = CallStreamMetrics.Tags(method);
        _codes = CallStreamMetrics.TagsByCode(method);
        // A rate shows a counter's first step only if it was there before.
        _cutOff.Add(0, _method);
    }

    internal void StreamOpened() => _streams.Add(1, _method);

    internal void StreamEnded() => _streams.Add(-1, _method);

    internal void CutOff() => _cutOff.Add(1, _method);

    internal void Opened() => _inFlight.Add(1, _method);

    internal void Ended(StatusCode code)
    {
        _inFlight.Add(-1, _method);
        Refused(code);
    }

    internal void Refused(StatusCode code) => _calls.Add(1, CallStreamMetrics.Of(_codes, code));

    internal void Batch(int size) => _batch.Record(size, _method);

    internal void Queued(TimeSpan time)
    {
        if (_queued.Enabled)
            _queued.Record(time.TotalSeconds, _method);
    }
}
