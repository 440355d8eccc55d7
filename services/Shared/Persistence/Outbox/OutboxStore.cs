using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>What waits in one topic: consecutive events after <see cref="OutboxTopic.RelayedOffset"/>.</summary>
internal sealed record OutboxBacklog(OutboxTopic Topic, IReadOnlyList<OutboxEvent> Events);

/// <summary>A topic's mark as it was read, and as it is to be.</summary>
internal readonly record struct OutboxMark(OutboxTopic Read, long Relayed, string? NewEpoch = null);

/// <summary>The relay's questions and changes to the outbox's tables. Each is one short statement or transaction.</summary>
internal sealed class OutboxStore<TContext>(Database<TContext> database)
    where TContext : ServiceDbContext
{
    private const int EventsPerTopic = 256;

    /// <summary>
    /// Takes or keeps the lease; false when another has it. The time is the database's, and an expiry further ahead than one
    /// duration does not count: whatever clock wrote it, no replica is kept from relaying for longer than that.
    /// </summary>
    public Task<bool> TryLeaseAsync(string name, string owner, TimeSpan duration, CancellationToken cancellationToken) =>
        database.WriteAsync(async context =>
        {
            await using var command = OutboxSql.Command(context);
            var (n, o, d, now) = (command.Parameter(name), command.Parameter(owner), command.Parameter((long)duration.TotalMilliseconds), OutboxSql.Now(context));
            command.CommandText = $"""
                INSERT INTO {OutboxSql.Table<OutboxLease>(context)} AS l ("Name", "Owner", "ExpiresAtMs") VALUES ({n}, {o}, {now} + {d})
                ON CONFLICT ("Name") DO UPDATE SET "Owner" = excluded."Owner", "ExpiresAtMs" = excluded."ExpiresAtMs"
                WHERE l."Owner" = excluded."Owner" OR l."ExpiresAtMs" <= {now} OR l."ExpiresAtMs" > {now} + {d}
                """;
            return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
        }, cancellationToken);

    /// <summary>Gives the lease back, so that another need not wait for its end.</summary>
    public Task ReleaseAsync(string name, string owner, CancellationToken cancellationToken) =>
        database.WriteAsync(context => context.OutboxLeases.Where(l => l.Name == name && l.Owner == owner).ExecuteDeleteAsync(cancellationToken), cancellationToken);

    /// <summary>Events that wait, of topics after <paramref name="afterTopic"/>, by topic and offset; so many or of so many bytes at the most, though at least one.</summary>
    public Task<IReadOnlyList<OutboxBacklog>> ReadWaitingAsync(string afterTopic, int maxEvents, int maxBytes, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<OutboxBacklog>>(async context =>
        {
            // Sizes first: what is too much is not even read, however large events are and however many wait.
            var sizes = await Waiting(context, afterTopic, maxEvents).Select(row => row.Event.Payload.Length).ToListAsync(cancellationToken);
            if (sizes.Count == 0)
                return [];
            var (count, bytes) = (1, (long)sizes[0]);
            while (count < sizes.Count && (bytes += sizes[count]) <= maxBytes)
                count++;
            var rows = await Waiting(context, afterTopic, count).ToListAsync(cancellationToken);
            return [.. rows.GroupBy(row => row.Event.Topic).Select(group => new OutboxBacklog(group.First().Topic, [.. group.Select(row => row.Event)]))];
        }, cancellationToken);

    /// <summary>When the oldest event that waits was committed, in Unix milliseconds; 0 when none waits.</summary>
    public Task<long> ReadOldestWaitingAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(async context => await context.OutboxTopics
            .Where(t => t.RelayedOffset < t.LastOffset)
            .Join(context.OutboxEvents, t => new { t.Topic, Offset = t.RelayedOffset + 1 }, e => new { e.Topic, e.Offset }, (_, e) => e)
            .MinAsync(e => (long?)e.CreatedAtMs, cancellationToken) ?? 0, cancellationToken);

    /// <summary>Topics with an event since a time, newest first, after the place of the last one of the page before.</summary>
    public Task<List<OutboxTopic>> ReadRecentAsync(long sinceMs, OutboxTopic? after, int count, CancellationToken cancellationToken)
    {
        var (atMs, topic) = (after?.UpdatedAtMs ?? long.MaxValue, after?.Topic ?? "");
        return database.ReadAsync(
            context => context.OutboxTopics
                .Where(t => t.UpdatedAtMs >= sinceMs && (t.UpdatedAtMs < atMs || (t.UpdatedAtMs == atMs && string.Compare(t.Topic, topic) > 0)))
                .OrderByDescending(t => t.UpdatedAtMs).ThenBy(t => t.Topic)
                .Take(count)
                .ToListAsync(cancellationToken),
            cancellationToken);
    }

    /// <summary>Topics as they are now, each with its oldest event that is still kept (0: none).</summary>
    public Task<List<(OutboxTopic Topic, long Oldest)>> ReadTopicsAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async context => (await context.OutboxTopics
                .Where(t => names.Contains(t.Topic))
                .Select(t => new { t, Oldest = context.OutboxEvents.Where(e => e.Topic == t.Topic).Min(e => (long?)e.Offset) })
                .ToListAsync(cancellationToken)).ConvertAll(row => (row.t, row.Oldest ?? 0)),
            cancellationToken);

    /// <summary>
    /// Moves marks, forward or back, each only if it and the numbering that it is of are still as they were read: a relay that was slow
    /// must not bring back an epoch that another has ended since.
    /// </summary>
    public async Task MoveAsync(IReadOnlyCollection<OutboxMark> marks, CancellationToken cancellationToken)
    {
        var moved = marks.Where(m => m.NewEpoch is null).OrderBy(m => m.Read.Topic, StringComparer.Ordinal).ToList();
        if (moved.Count > 0)
        {
            await database.WriteAsync(async context =>
            {
                await using var command = OutboxSql.Command(context);
                // The rows exist, so nothing is inserted; the place of the last offset carries the mark as read, to compare with.
                command.CommandText = OutboxSql.UpsertTopics(context, command, moved.Select(m => (m.Read.Topic, m.Read.Epoch, m.Read.RelayedOffset, m.Relayed, 0L)))
                    .Append("""
                        "RelayedOffset" = excluded."RelayedOffset"
                        WHERE t."RelayedOffset" = excluded."LastOffset" AND t."Epoch" = excluded."Epoch"
                        """).ToString();
                return await command.ExecuteNonQueryAsync(cancellationToken);
            }, cancellationToken);
        }

        // Rare: a log or a database that was set back. One row at a time, so that no lock waits for another.
        foreach (var mark in marks.Where(m => m.NewEpoch is not null))
        {
            await database.WriteAsync(
                context => context.OutboxTopics
                    .Where(t => t.Topic == mark.Read.Topic && t.Epoch == mark.Read.Epoch && t.RelayedOffset == mark.Read.RelayedOffset)
                    .ExecuteUpdateAsync(s => s.SetProperty(t => t.RelayedOffset, mark.Relayed).SetProperty(t => t.Epoch, mark.NewEpoch!), cancellationToken),
                cancellationToken);
        }
    }

    /// <summary>
    /// Sets events aside that the log refuses, of a topic as it was read. Each leaves an event without content in its place; one that had none
    /// already was refused for its topic: then nothing of these is left, and the mark moves beyond them.
    /// </summary>
    public Task SetAsideAsync(OutboxTopic read, IReadOnlyList<OutboxEvent> refused, string reason, long nowMs, CancellationToken cancellationToken) =>
        database.WriteAsync(async context =>
        {
            var topic = await context.OutboxTopics.SingleOrDefaultAsync(t => t.Topic == read.Topic && t.Epoch == read.Epoch, cancellationToken);
            var offsets = refused.Select(e => e.Offset).ToList();
            var events = await context.OutboxEvents.Where(e => e.Topic == read.Topic && offsets.Contains(e.Offset)).ToListAsync(cancellationToken);
            // Another replica has seen to it.
            if (topic is null || topic.RelayedOffset >= offsets[0])
                return 0;
            context.OutboxQuarantine.AddRange(events.Where(e => e.Payload.Length > 0).Select(e => new QuarantinedEvent
            {
                Topic = e.Topic,
                Epoch = read.Epoch,
                Offset = e.Offset,
                Key = e.Key,
                Payload = e.Payload,
                CreatedAtMs = e.CreatedAtMs,
                SetAsideAtMs = nowMs,
                Reason = reason.Length > QuarantinedEvent.MaxReasonLength ? reason[..QuarantinedEvent.MaxReasonLength] : reason,
            }));
            if (refused[0].Payload.Length > 0)
            {
                foreach (var e in events)
                    (e.Key, e.Payload) = ("", []);
            }
            else
            {
                context.OutboxEvents.RemoveRange(events);
                topic.RelayedOffset = offsets[^1];
            }

            return events.Count;
        }, cancellationToken);

    /// <summary>How many events are set aside.</summary>
    public Task<int> CountSetAsideAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(context => context.OutboxQuarantine.CountAsync(cancellationToken), cancellationToken);

    /// <summary>Deletes relayed events that were committed before a time, oldest first, at most so many. Within a topic these are the first.</summary>
    public Task<int> TrimAsync(long beforeMs, int count, CancellationToken cancellationToken) =>
        database.WriteAsync(async context =>
        {
            await using var command = OutboxSql.Command(context);
            var (events, before, limit) = (OutboxSql.Table<OutboxEvent>(context), command.Parameter(beforeMs), command.Parameter(count));
            command.CommandText = $"""
                DELETE FROM {events} WHERE ("Topic", "Offset") IN (
                  SELECT e."Topic", e."Offset" FROM {events} e JOIN {OutboxSql.Table<OutboxTopic>(context)} t ON t."Topic" = e."Topic"
                  WHERE e."CreatedAtMs" < {before} AND e."Offset" <= t."RelayedOffset"
                  ORDER BY e."CreatedAtMs", e."Topic", e."Offset" LIMIT {limit})
                """;
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }, cancellationToken);

    private static IQueryable<WaitingEvent> Waiting(TContext context, string afterTopic, int maxEvents)
    {
        var topics = context.OutboxTopics
            .Where(t => t.RelayedOffset < t.LastOffset && string.Compare(t.Topic, afterTopic) > 0)
            .OrderBy(t => t.Topic)
            .Take(maxEvents);
        // SQLite joins by the index in any case, and has no LATERAL. PostgreSQL, before it has statistics, would rather read all
        // events there are: the limit within each topic says that these are few.
        var rows = context.Database.IsSqlite()
            ? topics.Join(context.OutboxEvents, t => t.Topic, e => e.Topic, (t, e) => new WaitingEvent { Topic = t, Event = e })
                .Where(row => row.Event.Offset > row.Topic.RelayedOffset && row.Event.Offset <= row.Topic.RelayedOffset + EventsPerTopic)
            : topics.SelectMany(
                t => context.OutboxEvents.Where(e => e.Topic == t.Topic && e.Offset > t.RelayedOffset).OrderBy(e => e.Offset).Take(EventsPerTopic),
                (t, e) => new WaitingEvent { Topic = t, Event = e });
        return rows.OrderBy(row => row.Event.Topic).ThenBy(row => row.Event.Offset).Take(maxEvents);
    }

    private sealed class WaitingEvent
    {
        public required OutboxTopic Topic { get; init; }

        public required OutboxEvent Event { get; init; }
    }
}
