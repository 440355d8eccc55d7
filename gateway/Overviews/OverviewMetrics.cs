using System.Diagnostics.Metrics;
using Microservices.Gateway.V1;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// How the parts of overviews come out, on the meter <c>Microservices.Gateway</c>: an overview that lacks a part is answered 200, so
/// the status of requests does not tell. Labels are the part and its status; nothing that grows. Counted here and read when somebody looks,
/// which costs a request next to nothing. Thread-safe.
/// </summary>
internal sealed class OverviewMetrics
{
    private static readonly string[] Parts = ["user", "orders"];
    private static readonly PartStatus[] Statuses = [PartStatus.Ok, PartStatus.Error, PartStatus.Timeout, PartStatus.Shed, PartStatus.Stale];
    private readonly long[][] parts = [.. Parts.Select(_ => new long[Enum.GetValues<PartStatus>().Length])];
    private readonly long[] unchanged = new long[Parts.Length];
    private readonly long[] cached = new long[Parts.Length];

    public OverviewMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Microservices.Gateway");
        meter.CreateObservableCounter("gateway.overview.parts", ReadParts, "{part}", "Parts of overviews that were asked for, by how they came out.");
        meter.CreateObservableCounter("gateway.overview.unchanged", () => Read(unchanged), "{part}", "Parts of overviews that had not changed since the gateway saw them, and so were neither read nor sent again.");
        meter.CreateObservableCounter("gateway.overview.cached", () => Read(cached), "{part}", "Parts of overviews that were answered from the cache without a call: they were current.");
    }

    /// <summary>A part came out so; one that was not asked for, or was cancelled with its overview, does not count.</summary>
    public void Answered(string part, PartStatus status) => Interlocked.Increment(ref parts[IndexOf(part)][(int)status]);

    /// <summary>A service said that the cached response is current.</summary>
    public void Unchanged(string part) => Interlocked.Increment(ref unchanged[IndexOf(part)]);

    /// <summary>A part was answered from the cache without a call.</summary>
    public void Cached(string part) => Interlocked.Increment(ref cached[IndexOf(part)]);

    private static int IndexOf(string part) => part == Parts[0] ? 0 : 1;

    private static IEnumerable<Measurement<long>> Read(long[] counts) =>
        Parts.Select((part, i) => new Measurement<long>(Volatile.Read(ref counts[i]), new KeyValuePair<string, object?>("part", part)));

    private IEnumerable<Measurement<long>> ReadParts() =>
        from part in Parts
        from status in Statuses
        select new Measurement<long>(Volatile.Read(ref parts[IndexOf(part)][(int)status]), new KeyValuePair<string, object?>("part", part), new("status", Name(status)));

    private static string Name(PartStatus status) => status switch
    {
        PartStatus.Ok => "ok",
        PartStatus.Timeout => "timeout",
        PartStatus.Shed => "shed",
        PartStatus.Stale => "stale",
        _ => "error",
    };
}
