using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>
/// How large an error may get. A gRPC error travels in headers: the message percent-encoded in <c>grpc-message</c>, and all of it again in
/// base64 in <c>grpc-status-details-bin</c>. Many clients accept 8 KB of headers, and a client that gets more drops the connection with every
/// other call on it. So both together stay below 8 KB, whatever the request was. The work is bounded as well: nothing is read beyond what fits.
/// Thread-safe.
/// </summary>
public static class ErrorBounds
{
    /// <summary>The most field violations that an error lists; it says how many more there are: 20.</summary>
    public const int MaxViolations = 20;

    /// <summary>The largest message, in bytes as they are in <c>grpc-message</c>: 1 KiB.</summary>
    public const int MaxMessageBytes = 1024;

    /// <summary>The largest google.rpc.Status, in bytes before base64 makes a third more of it: 4.5 KiB.</summary>
    public const int MaxStatusBytes = 4608;

    private const int MaxFieldBytes = 100;
    private const int MaxDescriptionBytes = 300;
    private const string Ellipsis = "...";

    // The tag and the length of a detail.
    private const int DetailOverhead = 4;

    /// <summary>The status itself if it is within the bounds; otherwise one with as much of it as fits.</summary>
    public static Status Fit(Status status)
    {
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

    /// <summary>The text, or its beginning and "..." when its percent-encoded form has more bytes than this.</summary>
    public static string Cut(string text, int maxBytes)
    {
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

    /// <summary>A violation; what it repeats from the request is cut.</summary>
    internal static BadRequest.Types.FieldViolation Violation(string field, string description) =>
        new() { Field = Cut(field, MaxFieldBytes), Description = Cut(description, MaxDescriptionBytes) };

    /// <summary>The violations in one line: as many as fit into a message, and how many more there are.</summary>
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
            // It is not what its type says.
            return null;
        }
    }

    private static int SizeOf(Any detail) => detail.CalculateSize() + DetailOverhead;

    // As gRPC over HTTP/2 defines it: printable ASCII but '%' as it is, every other byte of UTF-8 as %XX.
    private static int EncodedLength(Rune rune) => rune.Value is >= ' ' and <= '~' and not '%' ? 1 : 3 * rune.Utf8SequenceLength;
}
