using System.Diagnostics;

namespace Microservices.Primitives;

/// <summary>The spans of what is done about events: sending, delivering and processing them, by OpenTelemetry's conventions for messaging.</summary>
public static class CausedSpans
{
    /// <summary>
    /// Starts a span that has a link to each of the causes, and is in the trace of the first: it is recorded as that is, and what is logged under it
    /// has its trace id. Null when there are no causes: nobody keeps a trace of any of the events.
    /// </summary>
    /// <param name="source">The part that does it.</param>
    /// <param name="kind">PRODUCER or CONSUMER.</param>
    /// <param name="operation">What is done: send or process.</param>
    /// <param name="destination">Whose events: few, since it is part of the span's name.</param>
    /// <param name="causes">The trace contexts that came with the events; what is not one is left out.</param>
    public static Activity? StartCaused(this ActivitySource source, ActivityKind kind, string operation, string destination, IEnumerable<ReadOnlyMemory<byte>> causes)
    {
        if (!source.HasListeners())
            return null;
        var contexts = new HashSet<ActivityContext>();
        foreach (var cause in causes)
        {
            if (TraceContext.TryRead(cause.Span, out var context))
                contexts.Add(context);
        }

        if (contexts.Count == 0)
            return null;
        ActivityLink[] links = [.. contexts.Select(context => new ActivityLink(context))];
        return source.StartActivity(kind, links[0].Context, Tags(operation, destination), links, name: $"{operation} {destination}");
    }

    private static IEnumerable<KeyValuePair<string, object?>> Tags(string operation, string destination) =>
    [
        new("messaging.system", "microservices"),
        new("messaging.operation.name", operation),
        new("messaging.operation.type", operation),
        new("messaging.destination.name", destination),
    ];
}
