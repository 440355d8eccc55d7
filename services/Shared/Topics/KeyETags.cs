using System.Data.Common;
using Microservices.EventLog;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Primitives;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;

namespace Microservices.Topics;

/// <summary>
/// Shows whether what a service keeps of a key has changed, without reading it: every change commits an event at the end of the key's
/// topic, so the place of that end stands for the state of all there is. Every answer comes from the database, so none is stale. Thread-safe.
/// </summary>
public sealed class KeyETags<TContext>(OutboxHeads<TContext> topicHeads, KeyedTopics topics)
    where TContext : ServiceDbContext
{
    /// <summary>
    /// The etags of the keys of those lookups that want one, in one query. To be read before what they stand for: what is committed in
    /// between then has an etag that is too old, which costs the caller a second look, and never one that is too new.
    /// </summary>
    public async ValueTask<BatchETags> ReadAsync<TCall, TResult>(CallBatch<TCall, TResult> batch, CancellationToken cancellationToken)
        where TCall : class, IKeyedLookup
        where TResult : class, ICallResult, new()
    {
        var etags = new Dictionary<string, ulong>();
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch[i].Message is { HasKnownEtag: true } call && FieldViolations.IsId(call.Key))
                etags[call.Key] = 0;
        }

        if (etags.Count > 0)
        {
            string[] keys = [.. etags.Keys];
            var heads = await topicHeads.ReadAsync(Array.ConvertAll(keys, topics.OfKey), cancellationToken);
            for (var i = 0; i < keys.Length; i++)
                etags[keys[i]] = ETagOf(heads[i]);
        }

        return new BatchETags(etags);
    }

    /// <summary>The etag of one key after a write has committed: as of several.</summary>
    public async ValueTask<ulong> AfterWriteAsync(string key, CancellationToken cancellationToken) => (await AfterWriteAsync([key], cancellationToken))[0];

    /// <summary>
    /// The etags after a write has committed, in the order given: what stands for the state of these keys then, or for a later one. All 0 when the
    /// database has gone away meanwhile: the write stands all the same.
    /// </summary>
    public async ValueTask<IReadOnlyList<ulong>> AfterWriteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        try
        {
            var heads = await topicHeads.ReadAsync([.. keys.Select(topics.OfKey)], cancellationToken);
            return [.. heads.Select(ETagOf)];
        }
        catch (DbException)
        {
            return new ulong[keys.Count];
        }
    }

    /// <summary>
    /// A number that stands for what a topic tells of, the same in every process: within an epoch every event changes it for certain, and a
    /// new epoch does but for chance (1 in 2^64). Never 0. A digest of the epoch, plus the offset.
    /// </summary>
    private static ulong ETagOf(TopicHead head)
    {
        var tag = unchecked(StableHash.Of(head.Epoch) + (ulong)head.LastOffset);
        return tag == 0 ? 1 : tag;
    }
}

/// <summary>What <see cref="KeyETags{TContext}"/> found for the lookups of a batch. Immutable.</summary>
public sealed class BatchETags
{
    private readonly Dictionary<string, ulong> etags;

    internal BatchETags(Dictionary<string, ulong> etags) => this.etags = etags;

    /// <summary>The etag of what a lookup asks for.</summary>
    public LookupETag Of(IKeyedLookup call)
    {
        var etag = call.HasKnownEtag ? etags.GetValueOrDefault(call.Key) : 0;
        return new LookupETag(etag, etag != 0 && etag == call.KnownEtag);
    }
}

/// <summary>The etag of what one lookup asks for.</summary>
/// <param name="Value">What to answer with; 0 when the caller wants none.</param>
/// <param name="IsUnchanged">Whether the caller has what there is.</param>
public readonly record struct LookupETag(ulong Value, bool IsUnchanged);
