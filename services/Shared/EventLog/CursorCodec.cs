using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Text;

namespace Microservices.EventLog;

/// <summary>
/// The text of cursors: base64url of version (1 byte), for each topic its digest (8), the id of the last event (8), the offset + 1
/// (varint) and the epoch (length, ASCII), and at the end an xxHash32 of all before.
/// </summary>
internal static class CursorCodec
{
    private const byte Version = 1;
    private const uint Seed = 0x4556_4c47;
    private const int Checksum = 4;

    public static string Encode(ReadOnlySpan<CursorEntry> entries)
    {
        var bytes = new byte[1 + (entries.Length * (8 + 8 + 10 + 1 + Epoch.MaxLength)) + Checksum];
        bytes[0] = Version;
        var at = 1;
        foreach (var (topic, position) in entries)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), topic);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + 8), position.Link);
            at += 16;
            for (var rest = (ulong)(position.Offset + 1); ; rest >>= 7)
            {
                bytes[at++] = (byte)(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
                if (rest < 0x80)
                    break;
            }

            bytes[at++] = (byte)position.Epoch.Length;
            at += Encoding.ASCII.GetBytes(position.Epoch, bytes.AsSpan(at));
        }

        XxHash32.Hash(bytes.AsSpan(0, at), bytes.AsSpan(at), unchecked((int)Seed));
        return Base64Url.EncodeToString(bytes.AsSpan(0, at + Checksum));
    }

    public static bool TryDecode(string? text, [NotNullWhen(true)] out Cursor? cursor)
    {
        cursor = null;
        if (string.IsNullOrEmpty(text) || text.Length > Cursor.MaxLength)
            return false;

        var buffer = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (!TryDecodeText(text, buffer, out var length) || length < 1 + Checksum || buffer[0] != Version)
            return false;

        var body = buffer.AsSpan(0, length - Checksum);
        if (XxHash32.HashToUInt32(body, unchecked((int)Seed)) != BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(length - Checksum)))
            return false;

        var entries = new List<CursorEntry>();
        for (var rest = (ReadOnlySpan<byte>)body[1..]; !rest.IsEmpty;)
        {
            if (!TryReadEntry(ref rest, out var entry))
                return false;
            entries.Add(entry);
        }

        cursor = new Cursor([.. entries]);
        return true;
    }

    private static bool TryDecodeText(string text, byte[] buffer, out int length)
    {
        length = 0;
        // Whitespace is ignored by the decoder, but was never written by the encoder.
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                return false;
        }

        return Base64Url.DecodeFromChars(text, buffer, out _, out length) == OperationStatus.Done;
    }

    private static bool TryReadEntry(ref ReadOnlySpan<byte> rest, out CursorEntry entry)
    {
        entry = default;
        if (rest.Length < 18)
            return false;

        var topic = BinaryPrimitives.ReadUInt64LittleEndian(rest);
        var link = BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]);
        rest = rest[16..];
        ulong offset = 0;
        for (var shift = 0; ; shift += 7)
        {
            if (rest.IsEmpty || shift > 56)
                return false;
            var b = rest[0];
            rest = rest[1..];
            offset |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
                break;
        }

        if (rest.IsEmpty || rest[0] > Epoch.MaxLength || rest.Length <= rest[0])
            return false;
        var epoch = Encoding.ASCII.GetString(rest.Slice(1, rest[0]));
        rest = rest[(1 + rest[0])..];
        if ((epoch.Length > 0 && !Epoch.IsValid(epoch)) || (epoch.Length == 0 && offset > 1))
            return false;

        entry = new CursorEntry(topic, new Position(epoch, (long)offset - 1, link));
        return true;
    }
}
