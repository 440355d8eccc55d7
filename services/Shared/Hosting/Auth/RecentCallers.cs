namespace Microservices.Hosting.Auth;

/// <summary>
/// Who sent which header lately, by the header itself, whole: for callers that come again at once, in a tenth of the time that the hash for
/// <see cref="TokenCache"/> takes. Each new one takes the place of another; all of them take 2 MiB at most. Thread-safe.
/// </summary>
internal sealed class RecentCallers(TimeProvider time)
{
    private const int Places = 1024;
    private const int MaxLength = 1024;

    // Of the signature, which no two tokens have in common.
    private const int Tail = 16;
    private readonly Entry?[] entries = new Entry?[Places];

    /// <summary>Who sent exactly this header; null when that is not known, or its token has expired.</summary>
    public Principal? Find(string header) =>
        Volatile.Read(ref entries[PlaceOf(header)]) is { } entry && entry.Header == header && entry.Caller.Expires > time.GetUtcNow() ? entry.Caller : null;

    /// <summary>Keeps who sent a header whose token was checked.</summary>
    public void Add(string header, Principal caller)
    {
        if (header.Length <= MaxLength)
            Volatile.Write(ref entries[PlaceOf(header)], new Entry(header, caller));
    }

    private static int PlaceOf(string header) => (int)((uint)string.GetHashCode(header.AsSpan(Math.Max(0, header.Length - Tail))) % Places);

    private sealed record Entry(string Header, Principal Caller);
}
