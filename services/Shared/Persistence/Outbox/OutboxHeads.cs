using System.Collections.Concurrent;
using System.Data.Common;
using System.Numerics;
using Microservices.EventLog;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>
/// Where topics end, as the database has it at that moment. It is asked on the hottest path of a service, with every batch of lookups,
/// and so it keeps a few connections with statements that are parsed and planned already. Thread-safe.
/// </summary>
public sealed class OutboxHeads<TContext> : IAsyncDisposable
    where TContext : ServiceDbContext
{
    // As many as batches are handled at a time, on a few streams; beyond it a connection is opened for the question.
    private const int MaxIdle = 8;

    // As many connections as the driver's pool keeps, unless told otherwise: each of them may have been cut.
    private const int MaxAttempts = 100;
    private readonly ConcurrentQueue<Session> idle = new();
    private readonly IDbContextFactory<TContext> contexts;
    private readonly DatabaseOutage<TContext> outage;

    internal OutboxHeads(IDbContextFactory<TContext> contexts, DatabaseOutage<TContext> outage) => (this.contexts, this.outage) = (contexts, outage);

    /// <summary>Where each topic ends, in the order given; offset 0 and an empty epoch where there never was an event.</summary>
    /// <exception cref="DatabaseAwayException">The database is away.</exception>
    public async Task<IReadOnlyList<TopicHead>> ReadAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        if (topics.Count == 0)
            return [];
        try
        {
            for (var attempt = 1; ;)
            {
                var isKept = idle.TryDequeue(out var session);
                session ??= await OpenAsync(cancellationToken);
                try
                {
                    return await ReadAsync(session, topics, cancellationToken);
                }
                catch (DbException exception) when (!cancellationToken.IsCancellationRequested && (isKept || (IsCut(exception) && attempt++ < MaxAttempts)))
                {
                    // Its connection was cut while it lay idle, here or in the driver's pool: that says nothing of the database as it is now. A server that is
                    // away shows when a connection is opened.
                }
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && outage.Observe(exception, writing: false) is { } away)
        {
            throw away;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (idle.TryDequeue(out var session))
            await session.DisposeAsync();
    }

    private static bool IsCut(DbException exception) => DatabaseAwayException.CauseOf(exception) is not null;

    private async Task<Session> OpenAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            await context.Database.OpenConnectionAsync(cancellationToken);
            return new Session(context);
        }
        catch
        {
            await context.DisposeAsync();
            throw;
        }
    }

    private async Task<IReadOnlyList<TopicHead>> ReadAsync(Session session, IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        var keep = false;
        try
        {
            var heads = await session.ReadAsync(topics, cancellationToken);
            keep = idle.Count < MaxIdle;
            return heads;
        }
        finally
        {
            if (keep)
                idle.Enqueue(session);
            else
                await session.DisposeAsync();
        }
    }

    private sealed class Session(TContext context) : IAsyncDisposable
    {
        private readonly Dictionary<int, DbCommand> commands = [];

        public async Task<IReadOnlyList<TopicHead>> ReadAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
        {
            var command = await PrepareAsync((int)BitOperations.RoundUpToPowerOf2((uint)topics.Count), cancellationToken);
            for (var i = 0; i < command.Parameters.Count; i++)
                command.Parameters[i].Value = i < topics.Count ? topics[i] : "";

            var heads = new TopicHead[topics.Count];
            for (var i = 0; i < heads.Length; i++)
                heads[i] = new TopicHead(topics[i], "", 0);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var number = reader.GetInt32(0);
                heads[number] = new TopicHead(topics[number], reader.GetString(1), reader.GetInt64(2));
            }

            return heads;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var command in commands.Values)
                await command.DisposeAsync();
            await context.DisposeAsync();
        }

        // Padded, so that there is a statement for each power of two, not one for each number of topics.
        private async Task<DbCommand> PrepareAsync(int topics, CancellationToken cancellationToken)
        {
            if (commands.TryGetValue(topics, out var known))
                return known;
            var command = OutboxSql.Command(context);
            command.CommandText = OutboxSql.SelectHeads(context, command, topics);
            await command.PrepareAsync(cancellationToken);
            commands.Add(topics, command);
            return command;
        }
    }
}
