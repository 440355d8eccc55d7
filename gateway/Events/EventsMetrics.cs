using System.Diagnostics.Metrics;

namespace Microservices.Gateway.Events;

/// <summary>What the gateway measures of events over HTTP. Thread-safe.</summary>
internal sealed class EventsMetrics
{
    private readonly UpDownCounter<long> streams;
    private readonly Counter<long> sent;
    private readonly Counter<long> cutOff;
    private readonly Counter<long> refused;

    public EventsMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Microservices.Gateway");
        streams = meter.CreateUpDownCounter<long>("gateway.events.streams", "{stream}", "Open streams.");
        sent = meter.CreateCounter<long>("gateway.events.sent", "{event}", "Events handed to the transport, by kind.");
        cutOff = meter.CreateCounter<long>("gateway.events.cut_off", "{stream}", "Streams cut off because their client did not read.");
        refused = meter.CreateCounter<long>("gateway.events.refused", "{stream}", "Streams refused because too many were open.");
        // A rate shows a counter's first step only if it was there before; and none open is a number, too.
        streams.Add(0);
        cutOff.Add(0);
        refused.Add(0);
    }

    public void Streams(int change) => streams.Add(change);

    public void Sent(string name) => sent.Add(1, new KeyValuePair<string, object?>("event", name));

    public void CutOff() => cutOff.Add(1);

    public void Refused() => refused.Add(1);
}
