using System.IO.Hashing;
using System.Text;

namespace Microservices.Primitives;

/// <summary>
/// A digest of a text that is the same in every process, on every machine and in every version: it may be stored and sent. Not a secret, and
/// no defence against those who look for collisions.
/// </summary>
public static class StableHash
{
    /// <summary>XXH3 (64 bits) of the text as UTF-8.</summary>
    public static ulong Of(string text)
    {
        Span<byte> buffer = stackalloc byte[512];
        var bytes = text.Length <= buffer.Length / 3 ? buffer : new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        return XxHash3.HashToUInt64(bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }
}
