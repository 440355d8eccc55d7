using System.Diagnostics.Metrics;

namespace Microservices.Gateway.Limits;

/// <summary>What the gateway measures of limits: never who was refused. Thread-safe.</summary>
internal sealed class LimitsMetrics
{
    private readonly Counter<long> refused;

    public LimitsMetrics(IMeterFactory meters)
    {
        refused = meters.Create("Microservices.Gateway").CreateCounter<long>("gateway.limits.refused", "{request}", "Requests refused because their callers, or the sources of webhooks that they were sent to, were over their limit, by the limit.");
        // A rate shows a counter's first step only if it was there before.
        foreach (var limit in (string[])["user", "operator", "address", "source"])
            refused.Add(0, Tag(limit));
    }

    /// <summary>A request was refused by the limit of this name.</summary>
    public void Refused(string limit) => refused.Add(1, Tag(limit));

    private static KeyValuePair<string, object?> Tag(string limit) => new("limit", limit);
}
