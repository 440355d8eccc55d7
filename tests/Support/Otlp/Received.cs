using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Microservices.Tests.Support.Otlp;

/// <summary>A span, and the process that it is from.</summary>
public sealed record ReceivedSpan(Resource Resource, Span Span)
{
    /// <summary>The name of its service.</summary>
    public string Service => Resource.Text("service.name");

    /// <summary>Its name.</summary>
    public string Name => Span.Name;

    /// <summary>Its kind.</summary>
    public SpanKind Kind => Span.Kind;

    /// <summary>Its trace, in hex.</summary>
    public string TraceId => Received.Hex(Span.TraceId);

    /// <summary>Its id, in hex.</summary>
    public string SpanId => Received.Hex(Span.SpanId);

    /// <summary>Its parent's id, in hex; empty for none.</summary>
    public string ParentId => Received.Hex(Span.ParentSpanId);

    /// <summary>An attribute, as text; empty for none.</summary>
    public string this[string attribute] => Span.Attributes.Text(attribute);

    /// <summary>Whether it has a link into the trace.</summary>
    public bool LinksTo(string traceId) => Span.Links.Any(link => Received.Hex(link.TraceId) == traceId);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Service} {Kind} {Name} {TraceId}/{SpanId} < {ParentId} {string.Join(' ', Span.Attributes.Select(a => $"{a.Key}={a.Value.Text()}"))} -> {string.Join(' ', Span.Links.Select(l => Received.Hex(l.TraceId)))}";
}

/// <summary>A line of a log, and the process that it is from.</summary>
public sealed record ReceivedLog(Resource Resource, LogRecord Line)
{
    /// <summary>The trace that it belongs to, in hex; empty for none.</summary>
    public string TraceId => Received.Hex(Line.TraceId);

    /// <summary>What it says.</summary>
    public string Text => Line.Body.Text();
}

/// <summary>Reads what was received.</summary>
public static class Received
{
    /// <summary>An id as people write it.</summary>
    public static string Hex(ByteString id) => Convert.ToHexStringLower(id.Span);

    /// <summary>An attribute of the process, as text; empty for none.</summary>
    public static string Text(this Resource resource, string attribute) => resource.Attributes.Text(attribute);

    /// <summary>A value as text.</summary>
    public static string Text(this AnyValue? value) => value?.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => value.StringValue,
        AnyValue.ValueOneofCase.BoolValue => $"{value.BoolValue}",
        AnyValue.ValueOneofCase.IntValue => $"{value.IntValue}",
        AnyValue.ValueOneofCase.DoubleValue => $"{value.DoubleValue}",
        _ => "",
    };

    internal static string Text(this RepeatedField<KeyValue> attributes, string key) => attributes.FirstOrDefault(a => a.Key == key)?.Value.Text() ?? "";
}
