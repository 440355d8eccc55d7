using System.Diagnostics.Metrics;

namespace Microservices.Webhooks;

/// <summary>What came of what senders have sent, as a label of metrics.</summary>
internal static class ReceivedOutcome
{
    public const string Stored = "stored";
    public const string Repeated = "repeated";
    public const string BadSignature = "bad_signature";
    public const string Stale = "stale";
    public const string Unnamed = "unnamed";
    public const string NoSource = "no_source";

    public static readonly IReadOnlyList<string> All = [Stored, Repeated, BadSignature, Stale, Unnamed, NoSource];
}

/// <summary>Counts what senders have sent, on the meter <c>Microservices.Webhooks</c>. No label names an owner or a source. Thread-safe.</summary>
internal sealed class ReceivedMetrics
{
    private readonly Counter<long> received;

    public ReceivedMetrics(IMeterFactory factory)
    {
        received = factory.Create("Microservices.Webhooks").CreateCounter<long>("webhooks.received", "{message}", "Messages that senders have sent, by what came of them.");
        // A rate shows a counter's first step only if it was there before.
        foreach (var outcome in ReceivedOutcome.All)
            received.Add(0, Tag(outcome));
    }

    public void Received(string outcome) => received.Add(1, Tag(outcome));

    private static KeyValuePair<string, object?> Tag(string outcome) => new("outcome", outcome);
}
