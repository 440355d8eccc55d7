using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Memory;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Who sent which token, by the token's SHA-256, for as long as it is valid, so that a token is checked once and not with every call: checking a
/// signature takes about 60 microseconds. Its memory is bounded; beyond the bound, what was not asked for longest goes. The tokens themselves are
/// not kept. Thread-safe.
/// </summary>
internal sealed class TokenCache : IDisposable
{
    // A principal without its strings, its entry, and the entry's key.
    private const int EntryBytes = 600;
    private const int MostOnStack = 1024;

    // The share that goes at once when it is full: each time costs a look at all of them.
    private const double MakesRoom = 0.25;
    private readonly MemoryCache principals;
    private readonly TimeProvider time;

    /// <summary>Made with the bytes that it may take.</summary>
    public TokenCache(long maxBytes, TimeProvider time) =>
        (principals, this.time) = (new MemoryCache(new MemoryCacheOptions { SizeLimit = maxBytes, CompactionPercentage = MakesRoom }), time);

    /// <summary>How many it has.</summary>
    public int Count => principals.Count;

    /// <summary>Who sent the token; null when it is not known, or has expired.</summary>
    public Principal? Find(ReadOnlySpan<char> token)
    {
        Span<char> key = stackalloc char[KeyLength];
        Hash(token, key);
        return principals.TryGetValue(key, out Principal? principal) && principal!.Expires > time.GetUtcNow() ? principal : null;
    }

    /// <summary>Keeps who sent a token that was checked.</summary>
    public void Add(ReadOnlySpan<char> token, Principal principal)
    {
        var left = principal.Expires - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
            return;
        Span<char> key = stackalloc char[KeyLength];
        Hash(token, key);
        principals.Set(key.ToString(), principal, new MemoryCacheEntryOptions { Size = SizeOf(principal), AbsoluteExpirationRelativeToNow = left });
    }

    public void Dispose() => principals.Dispose();

    private static int KeyLength { get; } = Base64Url.GetEncodedLength(SHA256.HashSizeInBytes);

    private static long SizeOf(Principal principal) =>
        EntryBytes + 2L * (principal.Subject.Length + (principal.SessionId?.Length ?? 0)) + principal.Roles.Concat(principal.Scopes).Sum(name => 64L + 2 * name.Length);

    private static void Hash(ReadOnlySpan<char> token, Span<char> key)
    {
        // Tokens of the authority are ASCII, and fit; what is not is looked up all the same, and found to be none.
        Span<byte> ascii = stackalloc byte[MostOnStack];
        var bytes = token.Length <= MostOnStack && Ascii.FromUtf16(token, ascii, out var written) == OperationStatus.Done ? ascii[..written] : Encoding.UTF8.GetBytes(token.ToArray());
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        Base64Url.EncodeToChars(hash, key);
    }
}
