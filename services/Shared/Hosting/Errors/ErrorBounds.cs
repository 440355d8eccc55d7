using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>
/// How large an error may get. A gRPC error travels in headers: the message percent-encoded in <c>grpc-message</c>, and all of it again in
/// base64 in <c>grpc-status-details-bin</c>. Many clients take 8 KB of headers, and one that gets more drops the connection with every other
/// call on it. So both together stay below 8 KB, whatever the request was. The work is bounded as well: nothing is read past what fits.
/// Thread-safe.
/// </summary>
public static class ErrorBounds
{
    /// <summary>The most field violations that an error lists; it says how many more there are.</summary>
    public const int MaxViolations = 20;

    /// <summary>The largest message, in bytes as <c>grpc-message</c> has it: 1 KiB.</summary>
    public const int MaxMessageBytes = 1024;

    /// <summary>The largest google.rpc.Status, in bytes before base64 makes a third more of it: 4.5 KiB.</summary>
    public const int MaxStatusBytes = 4608;

    private const int MaxFieldBytes = 100;
    private const int MaxDescriptionBytes = 300;
    private const string Ellipsis = "...";

    // What a detail costs beside itself: the tag and the length.
    private const int DetailOverhead = 4;

    /// <summary>The status itself if it is within the bounds; else one with as much of it as is.</summary>
    public static Status Fit(Status status)
    {
        ArgumentNullException.ThrowIfNull(status);
        var message = Cut(status.Message, MaxMessageBytes);
        if (ReferenceEquals(message, status.Message) && status.CalculateSize() <= MaxStatusBytes)
            return status;

        var fitting = new Status { Code = status.Code, Message = message };
        var room = MaxStatusBytes - fitting.CalculateSize();
        foreach (var detail in status.Details)
        {
            var kept = SizeOf(detail) <= room ? detail : Shorten(detail, room);
            if (kept is null)
                continue;
            fitting.Details.Add(kept);
            room -= SizeOf(kept);
        }

        return fitting;
    }

    /// <summary>The text, or its beginning and "..." when it takes more than so many bytes percent-encoded.</summary>
    public static string Cut(string text, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (bytes, end) = (0, 0);
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            bytes += EncodedLength(rune);
            if (bytes > maxBytes)
                return string.Concat(text.AsSpan(0, end), Ellipsis);
            i += length;
            if (bytes <= maxBytes - Ellipsis.Length)
                end = i;
        }

        return text;
    }

    /// <summary>A violation; what it repeats of the request is cut.</summary>
    internal static BadRequest.Types.FieldViolation Violation(string field, string description) =>
        new() { Field = Cut(field, MaxFieldBytes), Description = Cut(description, MaxDescriptionBytes) };

    /// <summary>The violations in one line: as many as a message takes, and how many more there are.</summary>
    internal static string Message(FieldViolations violations)
    {
        const int RoomForRest = 32;
        var text = new StringBuilder();
        var (bytes, listed) = (0, 0);
        foreach (var violation in violations)
        {
            var next = $"{(listed == 0 ? "" : "; ")}{violation.Field}: {violation.Description}";
            foreach (var rune in next.EnumerateRunes())
                bytes += EncodedLength(rune);
            if (bytes > MaxMessageBytes - RoomForRest)
                break;
            text.Append(next);
            listed++;
        }

        if (listed < violations.Total)
            text.Append("; and ").Append(violations.Total - listed).Append(" more");
        return text.ToString();
    }

    private static Any? Shorten(Any detail, int room)
    {
        if (!detail.Is(BadRequest.Descriptor))
            return null;
        try
        {
            var shorter = new BadRequest();
            foreach (var violation in detail.Unpack<BadRequest>().FieldViolations.Take(MaxViolations))
            {
                shorter.FieldViolations.Add(Violation(violation.Field, violation.Description));
                if (SizeOf(Any.Pack(shorter)) <= room)
                    continue;
                shorter.FieldViolations.RemoveAt(shorter.FieldViolations.Count - 1);
                break;
            }

            return shorter.FieldViolations.Count == 0 ? null : Any.Pack(shorter);
        }
        catch (InvalidProtocolBufferException)
        {
            // Not what its type says it is.
            return null;
        }
    }

    private static int SizeOf(Any detail) => detail.CalculateSize() + DetailOverhead;

    // As gRPC over HTTP/2 has it: printable ASCII but '%' as it is, every other byte of UTF-8 as %XX.
    private static int EncodedLength(Rune rune) => rune.Value is >= ' ' and <= '~' and not '%' ? 1 : 3 * rune.Utf8SequenceLength;
}
