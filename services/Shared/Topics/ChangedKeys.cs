using Microservices.EventLog;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Streaming.V1;

namespace Microservices.Topics;

/// <summary>
/// Tells which keys have changed since a place, from the history that every change commits an event to; so, other than what the event log
/// tells, it is complete at the moment it is asked, whatever Redis or the relay does. A singleton; thread-safe.
/// </summary>
/// <param name="topics">The service's topics.</param>
/// <param name="errors">Whose error a bad cursor is.</param>
/// <param name="keyOf">Reads the key that an event is about from its payload.</param>
/// <param name="heads">Where the topics end.</param>
/// <param name="history">Their events.</param>
public sealed class ChangedKeys<TContext>(
    KeyedTopics topics, ErrorDomain errors, Func<ReadOnlySpan<byte>, string> keyOf, OutboxHeads<TContext> heads, OutboxHistory<TContext> history)
    where TContext : ServiceDbContext
{
    // An answer is bounded by what it reads: events, each up to the size that the outbox takes.
    private const int MaxEvents = 1_000;

    /// <summary>The keys that have changed after the cursor; of an empty one, only the place to begin at.</summary>
    /// <exception cref="StatusException">INVALID_ARGUMENT: it is no cursor.</exception>
    public async Task<KeyChanges> ReadAsync(string cursor, CancellationToken cancellationToken)
    {
        Cursor? after = null;
        if (cursor.Length > 0 && !Cursor.TryParse(cursor, out after))
        {
            var violations = new FieldViolations();
            violations.Add("cursor", "is not the cursor of an earlier answer");
            throw new StatusException(errors.Invalid(violations));
        }

        var ends = await heads.ReadAsync(topics.All, cancellationToken);
        var places = new Cursor[ends.Count];
        var keys = new HashSet<string>();
        var (room, more) = (MaxEvents, false);
        for (var i = 0; i < places.Length; i++)
        {
            var (topic, end) = (topics.All[i], ends[i]);
            if (after?.TryGetOffset(topic, out var epoch, out var offset) != true || offset > end.LastOffset || (epoch != end.Epoch && offset > 0))
                return Begin(ends);

            if (offset < end.LastOffset && room > 0)
            {
                var page = await history.ReadAsync(topic, offset, room, cancellationToken);
                if (page?.Epoch != end.Epoch || page.Events.Count == 0 || page.Events[0].Offset != offset + 1)
                    return Begin(ends);
                // Which key an event is about that was set aside is not known here.
                if (page.Events.Any(e => e.Payload.IsEmpty))
                    return Begin(ends);
                keys.UnionWith(page.Events.Select(e => keyOf(e.Payload.Span)));
                offset = page.Events[^1].Offset;
                room -= page.Events.Count;
            }

            more |= offset < end.LastOffset;
            places[i] = Cursor.At(topic, end.Epoch, offset);
        }

        return new KeyChanges { Keys = { keys }, Cursor = Cursor.Combine(places).ToString(), More = more };
    }

    private static KeyChanges Begin(IReadOnlyList<TopicHead> ends) => new() { Cursor = KeyedTopics.PlaceAfter(ends).ToString(), Reset = true };
}
