using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Microservices.Egress;

/// <summary>
/// What egress measures, on the meter <c>Microservices.Egress</c>: no label names a host. Spans do, by OpenTelemetry's conventions for HTTP, but have
/// neither path nor query, which are the secret of many a webhook.
/// </summary>
internal sealed class EgressTelemetry
{
    private const string Name = "Microservices.Egress";
    private static readonly ActivitySource Source = new(Name);
    private readonly Counter<long> requests;
    private readonly Histogram<double> duration;

    public EgressTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        requests = meter.CreateCounter<long>("egress.requests", "{request}", "Requests to addresses of strangers, each redirect that was followed among them, by outcome.");
        duration = meter.CreateHistogram("egress.request.duration", "s", "Time from the turn of such a request to its end.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });
        // A rate shows a counter's first step only if it was there before.
        foreach (var outcome in Enum.GetValues<EgressOutcome>())
            requests.Add(0, Tag(outcome));
    }

    /// <summary>Starts the span of a request; null when nobody records it.</summary>
    public static Activity? Start(EgressRequest request) => !Source.HasListeners() || !request.Address.IsAbsoluteUri ? null : Source.StartActivity(ActivityKind.Client, name: request.Method.Method, tags:
    [
        new("http.request.method", request.Method.Method), new("server.address", request.Address.IdnHost), new("server.port", request.Address.Port),
        new("url.full", $"{request.Address.Scheme}://{request.Address.IdnHost}:{request.Address.Port}/REDACTED"),
    ]);

    /// <summary>The request has ended.</summary>
    public void Ended(Activity? span, EgressAnswer answer)
    {
        requests.Add(1, Tag(answer.Outcome));
        duration.Record(answer.Elapsed.TotalSeconds, Tag(answer.Outcome));
        if (answer.Status is { } status)
            span?.SetTag("http.response.status_code", status);
        if (answer.Outcome != EgressOutcome.Answered || answer.Status >= 400)
            span?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", answer.Outcome == EgressOutcome.Answered ? $"{answer.Status}" : Text(answer.Outcome));
    }

    private static KeyValuePair<string, object?> Tag(EgressOutcome outcome) => new("outcome", Text(outcome));

    private static string Text(EgressOutcome outcome) => outcome switch
    {
        EgressOutcome.Answered => "answered",
        EgressOutcome.Refused => "refused",
        EgressOutcome.NameNotFound => "name_not_found",
        EgressOutcome.ConnectFailed => "connect_failed",
        EgressOutcome.TlsFailed => "tls_failed",
        EgressOutcome.TimedOut => "timed_out",
        EgressOutcome.TooLarge => "too_large",
        EgressOutcome.ProtocolError => "protocol_error",
        EgressOutcome.Cancelled => "cancelled",
        _ => "busy",
    };
}
