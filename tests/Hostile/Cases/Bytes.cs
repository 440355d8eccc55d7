namespace Microservices.Tests.Hostile.Cases;

/// <summary>Damage to bytes that knows nothing of what they mean.</summary>
internal static class Bytes
{
    private static readonly byte[][] Splices =
    [
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0x0B, 0x0B, 0x0B], [0x0C], [0x00], [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80],
        [0x0F], [0x0E], [.. Enumerable.Repeat((byte)0x0B, 200)], "\\ud800"u8.ToArray(), "{{{{"u8.ToArray(), "[[[["u8.ToArray(), "\"\""u8.ToArray(), ",,"u8.ToArray(), "1e400"u8.ToArray(),
    ];

    /// <summary>A copy with some of it changed.</summary>
    public static byte[] Mutate(byte[] bytes, Random random)
    {
        var result = bytes.ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(result.Count + 1);
            switch (random.Next(6))
            {
                case 0 when at < result.Count:
                    result[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < result.Count:
                    result[at] = (byte)random.Next(256);
                    break;
                case 2:
                    result.RemoveRange(at, random.Next(result.Count - at + 1));
                    break;
                case 3:
                    result.InsertRange(at, result.GetRange(at, Math.Min(random.Next(64), result.Count - at)));
                    break;
                default:
                    result.InsertRange(at, Splices[random.Next(Splices.Length)]);
                    break;
            }
        }

        return [.. result];
    }
}
