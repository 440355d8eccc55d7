using Google.Protobuf;
using Microservices.EventLog;
using Microservices.Persistence;

namespace Microservices.Topics;

/// <summary>One thing that there is, in a snapshot.</summary>
/// <param name="Position">Where it is in the snapshot's order: the next page begins after it.</param>
/// <param name="Event">The thing itself, as an event that tells of no change.</param>
public sealed record SnapshotItem(string Position, IMessage Event);

/// <summary>What a snapshot is of: everything, what is about one key, or what is in one partition.</summary>
/// <param name="Key">The key; empty where it is not about one.</param>
/// <param name="Partition">The partition; null where it is not about one.</param>
public readonly record struct SnapshotScope(string Key, int? Partition);

/// <summary>
/// Reads snapshots from a service's database: short pages, each a query of its own that is over before its reader gets any of it, and only
/// a few of them at a time in a process, in the order in which they were asked for. So snapshots keep no transaction or connection
/// from other requests, however many there are and however slow their readers. A singleton; thread-safe.
/// </summary>
public sealed class SnapshotReader<TContext>(Database<TContext> database, OutboxHeads<TContext> heads) : IDisposable
    where TContext : ServiceDbContext
{
    /// <summary>How many queries of snapshots a process makes at a time.</summary>
    internal const int MaxQueries = 4;

    /// <summary>How large a page gets, in bytes of events: the one that reaches it is the last.</summary>
    internal const int PageBytes = 128 * 1024;

    /// <summary>How many items a page has at the most.</summary>
    internal const int PageItems = 256;

    private readonly SemaphoreSlim queries = new(MaxQueries);

    /// <summary>Where the topics end.</summary>
    internal Task<IReadOnlyList<TopicHead>> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
        InTurnAsync(() => heads.ReadAsync(topics, cancellationToken), cancellationToken);

    /// <summary>A page; shorter than what was asked for when there is no more, or when it is large enough.</summary>
    internal Task<List<(SnapshotItem Item, ReadOnlyMemory<byte> Bytes)>> ReadPageAsync(
        Func<TContext, IAsyncEnumerable<SnapshotItem>> items, CancellationToken cancellationToken) =>
        InTurnAsync(() => database.ReadAsync(
            async context =>
            {
                var page = new List<(SnapshotItem, ReadOnlyMemory<byte>)>();
                var bytes = 0;
                await foreach (var item in items(context).WithCancellation(cancellationToken))
                {
                    var encoded = item.Event.ToByteArray();
                    page.Add((item, encoded));
                    bytes += encoded.Length;
                    if (bytes >= PageBytes)
                        break;
                }

                return page;
            },
            cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => queries.Dispose();

    private async Task<T> InTurnAsync<T>(Func<Task<T>> query, CancellationToken cancellationToken)
    {
        await queries.WaitAsync(cancellationToken);
        try
        {
            return await query();
        }
        finally
        {
            queries.Release();
        }
    }
}
