using System.Diagnostics.Metrics;
using Microservices.Gateway.V1;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// How the parts of overviews come out, on the meter <c>Microservices.Gateway</c>: an overview that lacks a part is answered 200, so
/// the status of requests does not tell. Labels are the part and its status; nothing that grows. Thread-safe.
/// </summary>
internal sealed class OverviewMetrics
{
    private static readonly string[] Parts = ["user", "orders"];
    private static readonly PartStatus[] Statuses = [PartStatus.Ok, PartStatus.Error, PartStatus.Timeout, PartStatus.Shed, PartStatus.Stale];
    private readonly Counter<long> parts;
    private readonly Counter<long> unchanged;
    private readonly Counter<long> known;

    public OverviewMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Microservices.Gateway");
        parts = meter.CreateCounter<long>("gateway.overview.parts", "{part}", "Parts of overviews that were asked for, by how they came out.");
        unchanged = meter.CreateCounter<long>("gateway.overview.unchanged", "{part}", "Parts of overviews that had not changed since the gateway saw them, and so were neither read nor sent again.");
        known = meter.CreateCounter<long>("gateway.overview.known", "{part}", "Parts of overviews that were given without a call: they were known to be current.");
        // A rate shows a counter's first step only if it was there before.
        foreach (var part in Parts)
        {
            unchanged.Add(0, new KeyValuePair<string, object?>("part", part));
            known.Add(0, new KeyValuePair<string, object?>("part", part));
            foreach (var status in Statuses)
                Count(part, status, 0);
        }
    }

    /// <summary>A part came out so; one that was not asked for, or was cancelled with its overview, does not count.</summary>
    public void CameOut(string part, PartStatus status) => Count(part, status, 1);

    /// <summary>A service said that what the gateway has of it is current.</summary>
    public void Unchanged(string part) => unchanged.Add(1, new KeyValuePair<string, object?>("part", part));

    /// <summary>A part was given without asking its service.</summary>
    public void Known(string part) => known.Add(1, new KeyValuePair<string, object?>("part", part));

    private void Count(string part, PartStatus status, int count) =>
        parts.Add(count, new KeyValuePair<string, object?>("part", part), new("status", Name(status)));

    private static string Name(PartStatus status) => status switch
    {
        PartStatus.Ok => "ok",
        PartStatus.Timeout => "timeout",
        PartStatus.Shed => "shed",
        PartStatus.Stale => "stale",
        _ => "error",
    };
}
