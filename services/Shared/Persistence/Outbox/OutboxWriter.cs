using Microservices.EventLog;

namespace Microservices.Persistence;

/// <summary>
/// Gives the events of a transaction their offsets and writes them, as the last thing before it commits: the counters' locks are then
/// held for as short as can be, and are never held while waiting for a row of the service's own.
/// </summary>
internal static class OutboxWriter
{
    private const int TopicsPerStatement = 1_000;

    public static async Task WriteAsync(ServiceDbContext context, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var byTopic = context.NewEvents.GroupBy(e => e.Topic).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        var rows = new List<OutboxEvent>(context.NewEvents.Count);
        foreach (var some in byTopic.Chunk(TopicsPerStatement))
        {
            var ends = await TakeOffsetsAsync(context, some.Select(group => (group.Key, Epoch.New(), (long)group.Count(), 0L, now)), cancellationToken);
            foreach (var group in some)
            {
                var (last, atMs) = ends[group.Key];
                var offset = last - group.Count();
                foreach (var e in group)
                {
                    rows.Add(new OutboxEvent
                    {
                        Topic = e.Topic,
                        Offset = ++offset,
                        Key = e.Key,
                        Payload = e.Payload,
                        TraceContext = e.TraceContext,
                        CreatedAtMs = atMs,
                    });
                    e.Placed?.Invoke(offset);
                }
            }
        }

        await context.InsertManyAsync(rows, cancellationToken);
        // What the places were told to has added rows.
        await context.SaveChangesAsync(cancellationToken);
    }

    private static async Task<Dictionary<string, (long Last, long AtMs)>> TakeOffsetsAsync(
        ServiceDbContext context, IEnumerable<(string, string, long, long, long)> counts, CancellationToken cancellationToken)
    {
        await using var command = OutboxSql.Command(context);
        command.CommandText = OutboxSql.UpsertTopics(context, command, counts)
            .Append("""
                "LastOffset" = t."LastOffset" + excluded."LastOffset",
                "UpdatedAtMs" = CASE WHEN t."UpdatedAtMs" > excluded."UpdatedAtMs" THEN t."UpdatedAtMs" ELSE excluded."UpdatedAtMs" END
                RETURNING "Topic", "LastOffset", "UpdatedAtMs"
                """).ToString();
        var ends = new Dictionary<string, (long, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            ends.Add(reader.GetString(0), (reader.GetInt64(1), reader.GetInt64(2)));
        return ends;
    }
}
