using System.IO.Hashing;
using System.Runtime.InteropServices;
using Google.Protobuf.Collections;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Which tokens the callee of one stream knows by which numbers, as its caller knows it: each token has a number of its own on each stream, and no number
/// ever stands for another token. Tokens are known by 128 bits of their hash, so that a user costs a hundred bytes on each stream and not a kilobyte. Guarded by
/// the lock of the <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
internal sealed class StreamPrincipals
{
    // Nobody but the process knows it. Who looked for two tokens with one hash would need, beside that, the authority's signature on both.
    private static readonly long Seed = Random.Shared.NextInt64();
    private readonly RecentlyUsed<UInt128, uint> _numbers = new(CallPrincipals.MaxKept, CallPrincipals.MaxKeptLength);
    private uint _last;

    /// <summary>How many tokens the callee knows.</summary>
    internal int Count => _numbers.Count;

    /// <summary>The number that a call with this token has in the next frame, which binds it if the callee does not know it; 0: the frame may bind no more.</summary>
    internal uint NumberFor(string token, RepeatedField<CallPrincipal> bind)
    {
        var hash = HashOf(token);
        if (_numbers.TryUse(hash, out var known))
            return known;
        if (bind.Count == CallPrincipals.MaxPerFrame)
            return 0;
        _numbers.Set(hash, ++_last, token.Length);
        bind.Add(new CallPrincipal { PrincipalId = _last, Token = token });
        return _last;
    }

    /// <summary>The frame is filled: forgets what the callee forgets after it.</summary>
    internal void Trim() => _numbers.Trim();

    /// <summary>The callee does not know the number of a token: unless there is another one by now, the next call binds it anew.</summary>
    internal void Forget(string token, uint number)
    {
        var hash = HashOf(token);
        if (_numbers.TryUse(hash, out var present) && present == number)
            _numbers.Remove(hash);
    }

    private static UInt128 HashOf(string token) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(token.AsSpan()), Seed);
}

/// <summary>Compares tokens exactly, but hashes only the end of one: that is of the signature, which no two tokens have in common.</summary>
internal sealed class TokenComparer : IEqualityComparer<string>
{
    private const int Tail = 16;

    internal static TokenComparer Instance { get; } = new();

    public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

    public int GetHashCode(string obj) => string.GetHashCode(obj.AsSpan(Math.Max(0, obj.Length - Tail)));
}
