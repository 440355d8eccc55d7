using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// The answers that services gave last. Each is asked for again every time, by its etag, so that the service need not send what has not
/// changed: nothing is given from here unasked, but to a caller who would have a stale answer rather than none (RFC 5861,
/// stale-if-error). Bounded by size: two generations, of which the older is forgotten when the younger is half the bound, so that what
/// was given lately stays. Thread-safe.
/// </summary>
internal sealed class KnownAnswers<T>(IOptions<GatewayOptions> options, TimeProvider time)
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

    /// <summary>Remembers what is given now, or that it is given again.</summary>
    public void Keep(string userId, int limit, Answer<T> answer)
    {
        if (generation == 0)
            return;
        var to = young;
        if (to.TryGetValue((userId, limit), out var entry) && ReferenceEquals(entry.Answer, answer))
        {
            entry.Given = time.GetTimestamp();
            return;
        }

        to[(userId, limit)] = new Entry(answer) { Given = time.GetTimestamp() };
        if (Interlocked.Add(ref youngBytes, SizeOf(answer) - (entry is null ? 0 : SizeOf(entry.Answer))) >= generation)
            Turn(to);
    }

    /// <summary>What was given last.</summary>
    public Answer<T>? Find(string userId, int limit) => Entered(userId, limit)?.Answer;

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

    private sealed class Entry(Answer<T> answer)
    {
        private long given;

        public Answer<T> Answer => answer;

        public long Given
        {
            get => Volatile.Read(ref given);
            set => Volatile.Write(ref given, value);
        }
    }
}
