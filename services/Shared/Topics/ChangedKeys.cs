using Microservices.EventLog;
using Microservices.Hosting.Errors;
using Microservices.Persistence;

namespace Microservices.Topics;

/// <summary>Which keys have changed.</summary>
/// <param name="Keys">Each once.</param>
/// <param name="Cursor">The place after those changes.</param>
/// <param name="More">There are more: nothing is complete until this is false.</param>
/// <param name="Reset">What changed before the cursor cannot be told.</param>
public sealed record KeyChanges(IReadOnlyCollection<string> Keys, string Cursor, bool More, bool Reset);

/// <summary>
/// Tells which keys have changed since a place, from the history that every change commits an event to; so, other than what the event log
/// tells, it is complete at the moment it is asked, whatever Redis or the relay does. A singleton; thread-safe.
/// </summary>
public abstract class ChangedKeys<TContext>(KeyedTopics topics, ErrorDomain errors, OutboxHeads<TContext> heads, OutboxHistory<TContext> history)
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
                keys.UnionWith(page.Events.Select(e => KeyOf(e.Payload.Span)));
                offset = page.Events[^1].Offset;
                room -= page.Events.Count;
            }

            more |= offset < end.LastOffset;
            places[i] = Cursor.At(topic, end.Epoch, offset);
        }

        return new KeyChanges(keys, Cursor.Combine(places).ToString(), more, Reset: false);
    }

    /// <summary>The key that an event is about.</summary>
    protected abstract string KeyOf(ReadOnlySpan<byte> payload);

    private static KeyChanges Begin(IReadOnlyList<TopicHead> ends) => new([], KeyedTopics.PlaceAfter(ends).ToString(), More: false, Reset: true);
}
