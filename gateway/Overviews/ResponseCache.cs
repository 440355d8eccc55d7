using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// The last response of each service for each user. A response is reused without a call only while the <see cref="InvalidationClock{T}"/> says
/// that it is current; otherwise it is validated by its etag, so that the service does not send again what has not changed; and a caller that
/// prefers a stale response to none may have it (RFC 5861, stale-if-error). Bounded by size: there are two generations, and the older one
/// is dropped when the younger one reaches half the bound, so that responses used recently stay. Thread-safe.
/// </summary>
internal sealed class ResponseCache<T>(InvalidationClock<T> clock, IOptions<GatewayOptions> options, TimeProvider time)
    where T : class
{
    // The memory that a response takes as objects and as JSON, for each byte of it on the wire, and that of its entry: estimated, not measured.
    private const int Growth = 6;
    private const int Overhead = 400;
    private readonly long generation = options.Value.MaxCachedBytes / 2;
    private readonly Lock turning = new();
    private volatile ConcurrentDictionary<(string UserId, int Limit), Entry> young = new();
    private volatile ConcurrentDictionary<(string UserId, int Limit), Entry> old = new();
    private long youngBytes;

    /// <summary>How many responses there are.</summary>
    public int Count => young.Count + old.Count;

    /// <summary>
    /// The timestamp of the last invalidation before a request whose response is to be kept. A request that began earlier may have missed that
    /// change.
    /// </summary>
    public long AskedFrom(string userId) => clock.Last(InvalidationClock<T>.SlotOf(userId));

    /// <summary>Keeps a response, or notes that it was used again.</summary>
    /// <param name="userId">Whose it is.</param>
    /// <param name="limit">The limit that it was requested with.</param>
    /// <param name="answer">The response.</param>
    /// <param name="askedFrom"><see cref="AskedFrom"/> as it was before the request.</param>
    public void Keep(string userId, int limit, Answer<T> answer, long askedFrom)
    {
        if (generation == 0)
            return;
        var to = young;
        if (to.TryGetValue((userId, limit), out var entry) && ReferenceEquals(entry.Answer, answer))
        {
            entry.AskedFrom = askedFrom;
            entry.Given = time.GetTimestamp();
            return;
        }

        Add(to, (userId, limit), new Entry(answer, InvalidationClock<T>.SlotOf(userId)) { AskedFrom = askedFrom, Given = time.GetTimestamp() }, entry);
    }

    /// <summary>The last response.</summary>
    public Answer<T>? Find(string userId, int limit) => Entered(userId, limit)?.Answer;

    /// <summary>The last response if nothing has changed since: it needs no call.</summary>
    public Answer<T>? FindCurrent(string userId, int limit)
    {
        var current = clock.VerifiedUntil;
        if (!clock.IsCurrent)
            return null;
        var to = young;
        var isYoung = to.TryGetValue((userId, limit), out var entry);
        if ((!isYoung && !old.TryGetValue((userId, limit), out entry)) || entry!.AskedFrom != clock.Last(entry.Slot))
            return null;
        if (!isYoung)
            Add(to, (userId, limit), entry, before: null);
        if (entry.Given < current)
            entry.Given = current;
        return entry.Answer;
    }

    /// <summary>The last response with its age, if it is not older than that.</summary>
    public (Answer<T> Answer, TimeSpan Age)? FindStale(string userId, int limit, TimeSpan maxAge)
    {
        if (maxAge > options.Value.MaxStale)
            maxAge = options.Value.MaxStale;
        if (maxAge <= TimeSpan.Zero || Entered(userId, limit) is not { } entry)
            return null;
        var age = time.GetElapsedTime(entry.Given);
        return age <= maxAge ? (entry.Answer, age) : null;
    }

    private static int SizeOf(Answer<T> answer) => Overhead + (Growth * answer.Bytes);

    private Entry? Entered(string userId, int limit) =>
        young.TryGetValue((userId, limit), out var entry) || old.TryGetValue((userId, limit), out entry) ? entry : null;

    private void Add(ConcurrentDictionary<(string UserId, int Limit), Entry> to, (string UserId, int Limit) key, Entry entry, Entry? before)
    {
        to[key] = entry;
        if (Interlocked.Add(ref youngBytes, SizeOf(entry.Answer) - (before is null ? 0 : SizeOf(before.Answer))) >= generation)
            Turn(to);
    }

    private void Turn(ConcurrentDictionary<(string UserId, int Limit), Entry> full)
    {
        lock (turning)
        {
            if (!ReferenceEquals(full, young))
                return;
            old = full;
            young = new();
            Volatile.Write(ref youngBytes, 0);
        }
    }

    private sealed class Entry(Answer<T> answer, int slot)
    {
        private long given;
        private long askedFrom;

        public Answer<T> Answer => answer;

        public int Slot => slot;

        public long AskedFrom
        {
            get => Volatile.Read(ref askedFrom);
            set => Volatile.Write(ref askedFrom, value);
        }

        public long Given
        {
            get => Volatile.Read(ref given);
            set => Volatile.Write(ref given, value);
        }
    }
}
