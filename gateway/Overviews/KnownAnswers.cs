using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// The answers that services gave last. One is given again without asking only while the changes that were heard of say that it is current;
/// else it is asked for by its etag, so that the service need not send what has not changed; and a caller who would have a stale answer
/// rather than none may have that (RFC 5861, stale-if-error). Bounded by size: two generations, of which the older is forgotten when the
/// younger is half the bound, so that what was given lately stays. Thread-safe.
/// </summary>
internal sealed class KnownAnswers<T>(HeardChanges<T> changes, IOptions<GatewayOptions> options, TimeProvider time)
    where T : class
{
    // What an answer takes as objects and as JSON, for each byte of it as it was sent, and what keeps it: estimated, not measured.
    private const int Growth = 6;
    private const int Overhead = 400;
    private readonly long generation = options.Value.MaxKnownBytes / 2;
    private readonly Lock turning = new();
    private volatile ConcurrentDictionary<(string UserId, int Limit), Entry> young = new();
    private volatile ConcurrentDictionary<(string UserId, int Limit), Entry> old = new();
    private long youngBytes;

    /// <summary>How many there are.</summary>
    public int Count => young.Count + old.Count;

    /// <summary>
    /// The timestamp to ask from, for an answer that will be kept: it must have been read after that. A call that began earlier may have missed
    /// the last change that was heard of.
    /// </summary>
    public long AskedFrom(string userId) => changes.Last(HeardChanges<T>.SlotOf(userId));

    /// <summary>Remembers what is given now, or that it is given again.</summary>
    /// <param name="userId">Whose it is.</param>
    /// <param name="limit">Of how many it is.</param>
    /// <param name="answer">It.</param>
    /// <param name="askedFrom"><see cref="AskedFrom"/> as it was before the question.</param>
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

        Add(to, (userId, limit), new Entry(answer, HeardChanges<T>.SlotOf(userId)) { AskedFrom = askedFrom, Given = time.GetTimestamp() }, entry);
    }

    /// <summary>What was given last.</summary>
    public Answer<T>? Find(string userId, int limit) => Entered(userId, limit)?.Answer;

    /// <summary>What was given last, if nothing has changed since: to be given without asking.</summary>
    public Answer<T>? FindCurrent(string userId, int limit)
    {
        var current = changes.Current;
        if (!changes.IsCurrent)
            return null;
        var to = young;
        var isYoung = to.TryGetValue((userId, limit), out var entry);
        if ((!isYoung && !old.TryGetValue((userId, limit), out entry)) || entry!.AskedFrom != changes.Last(entry.Slot))
            return null;
        if (!isYoung)
            Add(to, (userId, limit), entry, before: null);
        if (entry.Given < current)
            entry.Given = current;
        return entry.Answer;
    }

    /// <summary>What was given last, if that is no longer ago; with how long.</summary>
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
