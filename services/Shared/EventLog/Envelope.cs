using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Microservices.EventLog;

/// <summary>
/// How an event lies in the log and travels in a publication, the same bytes in both: a header of ASCII words, each followed by a
/// space - epoch, offset, id, link, appended-at (Unix milliseconds), length of the key in bytes - then key and payload. A plus after the length
/// of the key says that a trace context stands before the key.
/// Words, since the offset and link are put in by a Lua script that has no binary packing on every server.
/// </summary>
internal static class Envelope
{
    private const byte Traced = (byte)'+';

    /// <summary>What the appender encodes: the part after the link.</summary>
    public static byte[] EncodeTail(in NewEvent e, long appendedAtMs)
    {
        var trace = e.TraceContext.Length == TraceContext.Length ? e.TraceContext.Span : [];
        Span<byte> head = stackalloc byte[48];
        Utf8Formatter.TryFormat(appendedAtMs, head, out var length);
        head[length++] = (byte)' ';
        var keyLength = Encoding.UTF8.GetByteCount(e.Key);
        Utf8Formatter.TryFormat(keyLength, head[length..], out var written);
        length += written;
        if (!trace.IsEmpty)
            head[length++] = Traced;
        head[length++] = (byte)' ';

        var tail = new byte[length + trace.Length + keyLength + e.Payload.Length];
        head[..length].CopyTo(tail);
        trace.CopyTo(tail.AsSpan(length));
        length += trace.Length;
        Encoding.UTF8.GetBytes(e.Key, tail.AsSpan(length));
        e.Payload.Span.CopyTo(tail.AsSpan(length + keyLength));
        return tail;
    }

    /// <summary>Reads an event; its payload refers to the bytes given. False when they are not an event.</summary>
    public static bool TryParse(string topic, string knownEpoch, ReadOnlyMemory<byte> bytes, out LogEvent e)
    {
        e = null!;
        var rest = bytes.Span;
        if (!TryWord(ref rest, out var epochBytes)
            || !TryNumber(ref rest, out var offset)
            || !TryId(ref rest, out var id)
            || !TryId(ref rest, out var link)
            || !TryNumber(ref rest, out var at)
            || !TryKeyLength(ref rest, out var keyLength, out var traceLength)
            || offset < 1 || id == 0 || keyLength < 0 || keyLength > rest.Length - traceLength || epochBytes.Length is 0 or > Epoch.MaxLength)
            return false;

        // The epoch hardly ever changes: one string for all of a topic's events.
        var epoch = Ascii.Equals(epochBytes, knownEpoch) ? knownEpoch : Encoding.ASCII.GetString(epochBytes);
        var traceAt = bytes.Length - rest.Length;
        var key = keyLength == 0 ? "" : Encoding.UTF8.GetString(rest.Slice(traceLength, (int)keyLength));
        e = new LogEvent(topic, epoch, offset, id, link, at, key, bytes[(traceAt + traceLength + (int)keyLength)..], bytes.Slice(traceAt, traceLength));
        return true;
    }

    /// <summary>A transient event's id: random, so that the same content appended after a rewind is not taken for the lost event.</summary>
    public static ulong NewId() => NotZero((ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue));

    /// <summary>A durable event's id: the same whoever appends it again.</summary>
    public static ulong DurableId(string epoch, long offset, string? key, ReadOnlySpan<byte> payload)
    {
        var hash = new XxHash3();
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, offset);
        hash.Append(number);
        Span<byte> text = stackalloc byte[256];
        foreach (var part in (ReadOnlySpan<string?>)[epoch, key])
        {
            var length = Encoding.UTF8.GetByteCount(part ?? "");
            BinaryPrimitives.WriteInt64LittleEndian(number, length);
            hash.Append(number);
            var bytes = length <= text.Length ? text[..length] : new byte[length];
            Encoding.UTF8.GetBytes(part ?? "", bytes);
            hash.Append(bytes);
        }

        hash.Append(payload);
        return NotZero(hash.GetCurrentHashAsUInt64());
    }

    public static string Format(ulong id) => id.ToString("x16", CultureInfo.InvariantCulture);

    public static bool TryParseId(ReadOnlySpan<byte> text, out ulong id) =>
        Utf8Parser.TryParse(text, out id, out var consumed, 'x') && consumed == text.Length;

    private static ulong NotZero(ulong id) => id == 0 ? 1 : id;

    private static bool TryWord(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> word)
    {
        var end = rest.IndexOf((byte)' ');
        word = end < 0 ? default : rest[..end];
        rest = end < 0 ? rest : rest[(end + 1)..];
        return end > 0;
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> rest, out long number)
    {
        number = 0;
        return TryWord(ref rest, out var word) && Utf8Parser.TryParse(word, out number, out var consumed) && consumed == word.Length;
    }

    private static bool TryKeyLength(ref ReadOnlySpan<byte> rest, out long keyLength, out int traceLength)
    {
        (keyLength, traceLength) = (0, 0);
        if (!TryWord(ref rest, out var word))
            return false;
        if (word[^1] == Traced)
        {
            word = word[..^1];
            traceLength = TraceContext.Length;
        }

        return Utf8Parser.TryParse(word, out keyLength, out var consumed) && consumed == word.Length;
    }

    private static bool TryId(ref ReadOnlySpan<byte> rest, out ulong id)
    {
        id = 0;
        return TryWord(ref rest, out var word) && TryParseId(word, out id);
    }
}
