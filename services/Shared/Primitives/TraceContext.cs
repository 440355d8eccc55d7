using System.Diagnostics;

namespace Microservices.Primitives;

/// <summary>
/// W3C trace context as it travels in frames and with events, and is kept in the outbox: 16 bytes of trace-id, then 8 of parent-id. Only that of a
/// span which is recorded travels, so that there are no flags: where nothing is recorded there is nothing.
/// </summary>
public static class TraceContext
{
    /// <summary>How long it is, in bytes.</summary>
    public const int Length = 24;

    private const int TraceIdLength = 16;

    /// <summary>That of the current span; null when none is recorded.</summary>
    public static byte[]? Current => Of(Activity.Current);

    /// <summary>That of a span; null when it is not recorded.</summary>
    public static byte[]? Of(Activity? span)
    {
        if (span is not { Recorded: true, IdFormat: ActivityIdFormat.W3C })
            return null;
        var bytes = new byte[Length];
        span.TraceId.CopyTo(bytes.AsSpan(0, TraceIdLength));
        span.SpanId.CopyTo(bytes.AsSpan(TraceIdLength));
        return bytes;
    }

    /// <summary>As the W3C header traceparent has it; null when the bytes are none.</summary>
    public static string? ToTraceparent(ReadOnlySpan<byte> bytes) => TryRead(bytes, out var context) ? $"00-{context.TraceId}-{context.SpanId}-01" : null;

    /// <summary>Reads one. False when the bytes are none: as the specification asks, they are then as good as absent.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ActivityContext context)
    {
        context = default;
        if (bytes.Length != Length || !bytes[..TraceIdLength].ContainsAnyExcept((byte)0) || !bytes[TraceIdLength..].ContainsAnyExcept((byte)0))
            return false;
        context = new ActivityContext(
            ActivityTraceId.CreateFromBytes(bytes[..TraceIdLength]), ActivitySpanId.CreateFromBytes(bytes[TraceIdLength..]), ActivityTraceFlags.Recorded, isRemote: true);
        return true;
    }
}
