using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Microservices.Streaming.Calls;

/// <summary>What a client measures. Tags: the method, and the outcome's code; nothing that grows. Thread-safe.</summary>
internal sealed class CallClientMetrics
{
    private readonly Counter<long> _calls;
    private readonly Histogram<int> _batch;
    private readonly UpDownCounter<long> _inFlight;
    private readonly Histogram<double> _queued;
    private readonly Counter<long> _hedges;
    private readonly Counter<long> _hedgesWon;
    private readonly Counter<long> _failOvers;
    private readonly Counter<long> _shed;
    private readonly Counter<long> _shared;
    private readonly KeyValuePair<string, object?>[] _method;
    private readonly KeyValuePair<string, object?>[][] _codes;

    internal CallClientMetrics(IMeterFactory meters, string method, ConcurrencyLimit? limit = null)
    {
        var meter = meters.Create(CallStreamMetrics.MeterName);
        _calls = meter.CreateCounter<long>("callstream.client.calls", "{call}", "Calls that ended, by outcome.");
        _batch = meter.CreateHistogram("callstream.client.batch.size", "{call}", "Calls in a frame sent.", advice: CallStreamMetrics.BatchSizes);
        _inFlight = meter.CreateUpDownCounter<long>("callstream.client.in_flight", "{call}", "Calls sent and unanswered.");
        _queued = meter.CreateHistogram("callstream.client.queue.duration", "s", "From asking to sending.", advice: CallStreamMetrics.Durations);
        _hedges = meter.CreateCounter<long>("callstream.client.hedges", "{call}", "Second copies sent.");
        _hedgesWon = meter.CreateCounter<long>("callstream.client.hedges.won", "{call}", "Second copies that answered first.");
        _failOvers = meter.CreateCounter<long>("callstream.client.failovers", "{call}", "Calls sent again because a stream ended.");
        _shed = meter.CreateCounter<long>("callstream.client.shed", "{call}", "Calls refused because too many are under way.");
        _shared = meter.CreateCounter<long>("callstream.client.shared", "{call}", "Calls that joined an identical one under way.");
        _method = CallStreamMetrics.Tags(method);
        _codes = CallStreamMetrics.TagsByCode(method);
        // A rate shows a counter's first step only if it was there before.
        foreach (var rare in (Counter<long>[])[_hedges, _hedgesWon, _failOvers, _shed, _shared])
            rare.Add(0, _method);
        if (limit is not null)
            meter.CreateObservableGauge("callstream.client.limit", () => new Measurement<int>(limit.Current, _method), "{call}", "Calls that may be in flight.");
    }

    internal void Ended(StatusCode code, int count) => _calls.Add(count, CallStreamMetrics.Of(_codes, code));

    internal void FrameSent(int calls)
    {
        _batch.Record(calls, _method);
        _inFlight.Add(calls, _method);
    }

    internal void Answered(int calls) => _inFlight.Add(-calls, _method);

    internal void Queued(TimeSpan time)
    {
        if (_queued.Enabled)
            _queued.Record(time.TotalSeconds, _method);
    }

    internal void HedgeSent() => _hedges.Add(1, _method);

    internal void HedgeWon() => _hedgesWon.Add(1, _method);

    internal void FailedOver() => _failOvers.Add(1, _method);

    internal void Shed() => _shed.Add(1, _method);

    internal void Shared() => _shared.Add(1, _method);
}
