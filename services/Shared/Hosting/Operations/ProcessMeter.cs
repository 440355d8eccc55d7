using System.Diagnostics.Metrics;

namespace Microservices.Hosting.Operations;

/// <summary>What was measured in an interval.</summary>
internal sealed record MeasuredRequests(long Requests, long Errors, IReadOnlyList<long> Latency, double? OutboxAgeSeconds);

/// <summary>
/// Counts the requests of the process by its own metrics, from when it is made until it is disposed of: a listener costs each request a few additions. Thread-safe.
/// </summary>
internal sealed class ProcessMeter : IDisposable
{
    /// <summary>The upper bounds of latencies, in seconds.</summary>
    public static readonly double[] Bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly HashSet<string> Faults = ["Unknown", "Internal", "Unavailable", "DataLoss", "DeadlineExceeded", "ResourceExhausted", "Unimplemented"];
    private readonly MeterListener listener = new();
    private readonly long[] latency = new long[Bounds.Length + 1];
    private long requests;
    private long errors;
    private double outboxAge = -1;

    /// <param name="meters">Whose metrics are meant: of tests, several hosts are in one process.</param>
    public ProcessMeter(IMeterFactory meters)
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Name is "rpc.server.call.duration" or "http.server.request.duration" or "callstream.server.calls" or "outbox.age")
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Count(value, tags));
        listener.Start();
    }

    /// <summary>What was measured since this was last called.</summary>
    public MeasuredRequests Take()
    {
        Volatile.Write(ref outboxAge, -1);
        listener.RecordObservableInstruments();
        var counts = new long[latency.Length];
        for (var i = 0; i < counts.Length; i++)
            counts[i] = Interlocked.Exchange(ref latency[i], 0);
        var age = Volatile.Read(ref outboxAge);
        return new(Interlocked.Exchange(ref requests, 0), Interlocked.Exchange(ref errors, 0), counts, age < 0 ? null : age);
    }

    public void Dispose() => listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (instrument.Name == "outbox.age")
        {
            Volatile.Write(ref outboxAge, value);
            return;
        }

        // A gRPC call is counted as such.
        if (instrument.Name == "http.server.request.duration" && (string?)Find(tags, "network.protocol.version") is "2" or "3")
            return;
        Count(1, tags);
        var bucket = Array.BinarySearch(Bounds, value);
        Interlocked.Increment(ref latency[bucket < 0 ? ~bucket : bucket]);
    }

    private void Count(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (value == 0)
            return;
        Interlocked.Add(ref requests, value);
        if (Find(tags, "http.response.status_code") is >= 500 || (Find(tags, "rpc.response.status_code") is string code && Faults.Contains(code)))
            Interlocked.Add(ref errors, value);
    }

    private static object? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var tag in tags)
        {
            if (tag.Key == name)
                return tag.Value;
        }

        return null;
    }
}
