using Google.Protobuf;
using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>What happened elsewhere, in the terms of webhooks.</summary>
/// <param name="Source">Where: <c>/orders</c>, <c>/users</c> or <c>/notifications</c>.</param>
/// <param name="EventType">What; null for what is told to nobody.</param>
/// <param name="OwnerId">Whose it is.</param>
/// <param name="Key">What it happened to.</param>
/// <param name="Version">Which of the events of that type it is that happened to it.</param>
/// <param name="Time">When.</param>
/// <param name="Data">The event itself.</param>
internal sealed record SourceEvent(string Source, string? EventType, string OwnerId, string Key, long Version, DateTimeOffset Time, IMessage Data);

/// <summary>
/// Makes messages of events, and a delivery of each for every endpoint that wants it, in the transaction that moves on in the events. Of events that many endpoints want
/// it takes some at a time: what one event makes is bounded by how many endpoints there may be.
/// </summary>
internal sealed class FanOut(DeliveryMetrics metrics, TimeProvider time)
{
    // As much as clocks may differ.
    private static readonly TimeSpan Before = TimeSpan.FromMinutes(1);

    // What a transaction makes before it takes no further event: on SQLite all others wait for it. Each delivery is told of with its message's body.
    private const int MaxDeliveries = 500;
    private const int MaxBytes = 4 << 20;

    /// <summary>Deals with as many of the events, the first of them, as fit into one transaction.</summary>
    public async Task<HandledEvents> AddAsync(WebhooksDbContext context, IReadOnlyList<SourceEvent> events, CancellationToken cancellationToken)
    {
        var owners = events.Select(e => e.OwnerId).Append(Endpoint.Everyone).Distinct().ToList();
        var endpoints = await context.Endpoints.AsNoTracking().Where(e => owners.Contains(e.OwnerId)).ToListAsync(cancellationToken);
        var wanted = events.Index().Where(e => e.Item.EventType is not null)
            .Select(e => (e.Index, Event: e.Item, Id: Message.IdOf(e.Item.Source, e.Item.EventType!, e.Item.Key, e.Item.Version), Endpoints: endpoints.FindAll(endpoint => Wants(endpoint, e.Item))))
            .Where(e => e.Endpoints.Count > 0).DistinctBy(e => e.Id).ToList();
        if (wanted.Count == 0)
            return new(events.Count, 0);

        // After a reset, events come again.
        var ids = wanted.ConvertAll(e => e.Id);
        var known = await context.Messages.Where(m => ids.Contains(m.MessageId)).Select(m => m.MessageId).ToListAsync(cancellationToken);
        var (now, next, count, bytes) = (time.GetUtcNow().ToMicroseconds(), events.Count, 0, 0L);
        foreach (var (index, happened, id, targets) in wanted.Where(e => !known.Contains(e.Id)))
        {
            if (count >= MaxDeliveries || bytes >= MaxBytes)
            {
                next = index;
                break;
            }

            var data = JsonFormatter.Default.Format(happened.Data);
            var message = context.Add(new Message { MessageId = id, Body = Message.Write(id, happened.Source, happened.EventType!, happened.Key, happened.Time, data), CreateTime = now }).Entity;
            foreach (var endpoint in targets)
                context.AddDelivery(endpoint, message, happened.EventType!, happened.Key, now);
            count += targets.Count;
            bytes += (long)targets.Count * message.Body.Length;
        }

        metrics.Created(count);
        return new(next, count);
    }

    private static bool Wants(Endpoint endpoint, SourceEvent happened) =>
        (endpoint.OwnerId == happened.OwnerId || endpoint.OwnerId == Endpoint.Everyone) && endpoint.Wants(happened.EventType!) && happened.Time >= endpoint.CreateTime - Before;
}
