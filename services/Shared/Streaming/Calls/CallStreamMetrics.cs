using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Microservices.Streaming.Calls;

/// <summary>What the metrics of both ends have in common.</summary>
internal static class CallStreamMetrics
{
    internal const string MeterName = "Microservices.Streaming";

    internal static readonly InstrumentAdvice<int> BatchSizes = new()
    {
        HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
    };

    internal static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    internal static KeyValuePair<string, object?>[] Tags(string method) => [new("rpc.method", method)];

    /// <summary>A set of tags for each of the 17 codes, made once.</summary>
    internal static KeyValuePair<string, object?>[][] TagsByCode(string method) =>
        [.. Enumerable.Range(0, 17).Select(code => (KeyValuePair<string, object?>[])[new("rpc.method", method), new("code", ((StatusCode)code).ToString())])];

    /// <summary>Codes that gRPC does not define count as UNKNOWN, so that a peer cannot add labels.</summary>
    internal static KeyValuePair<string, object?>[] Of(KeyValuePair<string, object?>[][] tags, StatusCode code) =>
        (uint)code < (uint)tags.Length ? tags[(int)code] : tags[(int)StatusCode.Unknown];
}
