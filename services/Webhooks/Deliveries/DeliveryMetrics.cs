using System.Diagnostics.Metrics;

namespace Microservices.Webhooks;

/// <summary>What the sending of webhooks measures, on the meter <c>Microservices.Webhooks</c>. No label names an owner or an address. Thread-safe.</summary>
internal sealed class DeliveryMetrics
{
    private readonly Counter<long> created;
    private readonly Counter<long> attempts;
    private readonly Counter<long> givenUp;
    private readonly Counter<long> disabled;
    private readonly Histogram<double> delay;

    public DeliveryMetrics(IMeterFactory factory)
    {
        var meter = factory.Create("Microservices.Webhooks");
        created = meter.CreateCounter<long>("webhooks.created", "{delivery}", "Deliveries created.");
        attempts = meter.CreateCounter<long>("webhooks.attempts", "{attempt}", "Messages sent, by whether the endpoint took them.");
        givenUp = meter.CreateCounter<long>("webhooks.given_up", "{delivery}", "Deliveries given up: all their attempts have failed.");
        disabled = meter.CreateCounter<long>("webhooks.disabled", "{endpoint}", "Endpoints that the service has disabled.");
        delay = meter.CreateHistogram("webhooks.delay", "s", "From the creation of a delivery to its success at the first attempt.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600] });
        // A rate shows a counter's first step only if it was there before.
        created.Add(0);
        attempts.Add(0, Outcome(succeeded: true));
        attempts.Add(0, Outcome(succeeded: false));
        givenUp.Add(0);
        disabled.Add(0);
    }

    public void Created(int count) => created.Add(count);

    public void Attempted(SentMessage sent, DateTimeOffset now)
    {
        attempts.Add(1, Outcome(sent.Succeeded));
        if (sent is { Succeeded: true, Delivery.Attempts: 0 })
            delay.Record(Math.Max(0, (now - sent.Delivery.CreateTime).TotalSeconds));
    }

    public void GivenUp() => givenUp.Add(1);

    public void Disabled() => disabled.Add(1);

    private static KeyValuePair<string, object?> Outcome(bool succeeded) => new("outcome", succeeded ? "delivered" : "failed");
}
