using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// The answers of a process, by method and gRPC code: <c>rpc.server.call.duration</c> (seconds) for unary calls, and for streams,
/// whose duration means little, <c>rpc.server.streams.active</c> and <c>rpc.server.streams.ended</c>. Names follow
/// OpenTelemetry's conventions for RPC.
/// </summary>
internal sealed class CallMetrics
{
    private readonly Histogram<double> duration;
    private readonly UpDownCounter<long> active;
    private readonly Counter<long> ended;

    public CallMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Microservices.Hosting");
        duration = meter.CreateHistogram("rpc.server.call.duration", "s", "Time from the arrival of a unary call to its answer.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        active = meter.CreateUpDownCounter<long>("rpc.server.streams.active", "{stream}", "Streams open now.");
        ended = meter.CreateCounter<long>("rpc.server.streams.ended", "{stream}", "Streams that have ended.");
    }

    public void Answered(string method, StatusCode code, long startTimestamp) =>
        duration.Record(Stopwatch.GetElapsedTime(startTimestamp).TotalSeconds, Tags(method, code));

    public void StreamOpened(string method) => active.Add(1, new KeyValuePair<string, object?>("rpc.method", method));

    public void StreamEnded(string method, StatusCode code)
    {
        active.Add(-1, new KeyValuePair<string, object?>("rpc.method", method));
        ended.Add(1, Tags(method, code));
    }

    private static TagList Tags(string method, StatusCode code) => new()
    {
        { "rpc.method", method },
        { "rpc.response.status_code", code.ToString() },
    };
}
