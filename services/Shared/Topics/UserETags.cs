using System.Data.Common;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;

namespace Microservices.Topics;

/// <summary>
/// Tells whether what a service keeps of a user has changed, without reading it: every change commits an event at the end of the user's
/// topic, so the place of that end stands for the state of all there is. Each answer comes from the database: none is stale. Thread-safe.
/// </summary>
public sealed class UserETags<TContext>(OutboxHeads<TContext> topicHeads, UserTopics topics)
    where TContext : ServiceDbContext
{
    /// <summary>
    /// The etags of the users of those lookups that want one, in one query. To be read before what they stand for: what is committed in
    /// between then has an etag that is too old, which costs the caller a second look, and never one that is too new.
    /// </summary>
    public async ValueTask<BatchETags> ReadAsync<TCall, TResult>(CallBatch<TCall, TResult> batch, CancellationToken cancellationToken)
        where TCall : class, IUserLookup
        where TResult : class, ICallResult, new()
    {
        ArgumentNullException.ThrowIfNull(batch);
        var etags = new Dictionary<string, ulong>();
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch[i].Message is { HasKnownEtag: true } call && FieldViolations.IsId(call.UserId))
                etags[call.UserId] = 0;
        }

        if (etags.Count > 0)
        {
            string[] userIds = [.. etags.Keys];
            var heads = await topicHeads.ReadAsync(Array.ConvertAll(userIds, topics.OfUser), cancellationToken);
            for (var i = 0; i < userIds.Length; i++)
                etags[userIds[i]] = heads[i].ETag;
        }

        return new BatchETags(etags);
    }

    /// <summary>The etag of one user after a write has committed: as of several.</summary>
    public async ValueTask<ulong> AfterWriteAsync(string userId, CancellationToken cancellationToken) => (await AfterWriteAsync([userId], cancellationToken))[0];

    /// <summary>
    /// The etags after a write has committed, in the order given: what stands for these users' state then, or for a later one. All 0 when the
    /// database has gone away meanwhile: the write stands all the same.
    /// </summary>
    public async ValueTask<IReadOnlyList<ulong>> AfterWriteAsync(IReadOnlyList<string> userIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(userIds);
        try
        {
            var heads = await topicHeads.ReadAsync([.. userIds.Select(topics.OfUser)], cancellationToken);
            return [.. heads.Select(head => head.ETag)];
        }
        catch (DbException)
        {
            return new ulong[userIds.Count];
        }
    }
}

/// <summary>What <see cref="UserETags{TContext}"/> found for the lookups of a batch. Immutable.</summary>
public sealed class BatchETags
{
    private readonly Dictionary<string, ulong> etags;

    internal BatchETags(Dictionary<string, ulong> etags) => this.etags = etags;

    /// <summary>The etag to answer with; 0 when the caller wants none.</summary>
    public ulong Of(IUserLookup call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return call.HasKnownEtag ? etags.GetValueOrDefault(call.UserId) : 0;
    }

    /// <summary>Whether the caller has what there is.</summary>
    public bool IsUnchanged(IUserLookup call) => Of(call) is not 0 and var etag && etag == call.KnownEtag;
}
