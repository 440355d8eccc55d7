using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>
/// Page tokens, cursors, and ids of events that nobody wrote, with the digests that they have to have. None of these has a key: who knows how
/// they are made, as this does, can make them up, and what is in them must be looked at all the same.
/// </summary>
internal sealed class Forgeries(Random random)
{
    private const int OfEach = 12;
    private const int CursorSeed = 0x4556_4c47;
    private static readonly string[] Positions =
        ["", " ", "x", "0", "-1", "9223372036854775807", "9223372036854775807 o1", "-1 o1", "3155378975999999999 o1", "1 o1 2", "1  o1", "1 \0", "a/b", "\U0001F600", new('a', 300)];

    /// <summary>Tokens of a list: services/Shared/Hosting/PageToken.cs.</summary>
    public IEnumerable<string> PageTokens(string list) => Positions
        .Concat(Enumerable.Range(0, OfEach).Select(_ => Texts.Next(random)))
        .Select(Encoding.UTF8.GetBytes)
        .Append([0xFF, 0xC0])
        .Select(position => Base64Url.EncodeToString([.. SHA256.HashData([.. Encoding.UTF8.GetBytes(list), 0, .. position]).AsSpan(0, 8), .. position]));

    /// <summary>Cursors like one that there is: services/Shared/EventLog/CursorCodec.cs.</summary>
    public IEnumerable<string> Cursors(string cursor)
    {
        var body = Base64Url.DecodeFromChars(cursor)[..^sizeof(uint)];
        for (var i = 0; i < OfEach; i++)
        {
            // The first byte is the version.
            byte[] forged = [body[0], .. Bytes.Mutate(body[1..], random)];
            var sealedBytes = new byte[forged.Length + sizeof(uint)];
            forged.CopyTo(sealedBytes, 0);
            BinaryPrimitives.WriteUInt32BigEndian(sealedBytes.AsSpan(forged.Length), XxHash32.HashToUInt32(forged, CursorSeed));
            yield return Base64Url.EncodeToString(sealedBytes);
        }
    }

    /// <summary>Ids of a user's events like one that there is: gateway/Events/ReaderPositions.cs.</summary>
    public IEnumerable<string> EventIds(string userId, string id)
    {
        var halves = id.Split('.');
        string[] orders = [halves[0], "0", "AAAA", $"{halves[0]}~1", $"{halves[0]}~999999999", .. Cursors(halves[0].Split('~')[0])];
        foreach (var places in orders.Select(cursor => $"{cursor}.{halves[1]}").Append($"{halves[1]}.{halves[0]}"))
        {
            var checksum = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"events/{userId}\n{places}"));
            yield return string.Create(CultureInfo.InvariantCulture, $"{places}.{checksum:x16}");
        }
    }
}
