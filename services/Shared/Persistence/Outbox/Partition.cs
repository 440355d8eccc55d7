using System.Text;

namespace Microservices.Persistence;

/// <summary>Splits keys into a fixed number of parts, the same on every machine and in every version.</summary>
public static class Partition
{
    /// <summary>The part of a key, from 0: its FNV-1a hash of 32 bits, folded, modulo the count.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public static int Of(string key, int count)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(key))
            hash = unchecked((hash ^ b) * 16777619u);
        return (int)((hash ^ (hash >> 16)) % (uint)count);
    }
}
