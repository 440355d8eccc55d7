using Microservices.EventLog;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Sends deliveries again, ends what the receiver has, and sends a ping.</summary>
internal sealed class ChangeDeliveries(Database<WebhooksDbContext> database, OutboxHeads<WebhooksDbContext> heads, TimeProvider time)
{
    private const int MaxIds = 500;
    private const int MaxInRange = 1_000;

    public async Task<ReplayDeliveriesResponse> ReplayAsync(ReplayDeliveriesRequest request, Rights rights, CancellationToken cancellationToken)
    {
        Check(request).ThrowIfAny(WebhooksErrors.Domain);
        return await database.WriteAsync(async context =>
        {
            var endpoint = await ReadEndpoints.FindAsync(context, request.EndpointId, rights, cancellationToken);
            var ids = request.DeliveryIds.ToList();
            var found = ids.Count > 0
                ? await context.Deliveries.Where(d => d.EndpointId == endpoint.EndpointId && ids.Contains(d.DeliveryId)).ToListAsync(cancellationToken)
                : await (await BetweenAsync(context, endpoint, request.After, request.Until, cancellationToken)).Take(MaxInRange).ToListAsync(cancellationToken);
            if (ids.Find(id => found.TrueForAll(d => d.DeliveryId != id)) is { } missing)
                throw new StatusException(WebhooksErrors.DeliveryNotFound(missing));

            var now = time.GetUtcNow().ToMicroseconds();
            foreach (var delivery in found)
            {
                delivery.Begin();
                context.Publish(DeliveryEventKind.Replayed, delivery, now);
            }

            if (endpoint.State == EndpointState.Enabled)
                context.AddDue(endpoint.Sending());
            return new ReplayDeliveriesResponse
            {
                Endpoint = endpoint.ToMessage([]),
                Count = found.Count,
                Next = ids.Count == 0 && found.Count == MaxInRange ? Cursor.At(TopicOf(endpoint), await EpochAsync(endpoint, cancellationToken), found[^1].Offset).ToString() : "",
            };
        }, cancellationToken);
    }

    public async Task<ConfirmDeliveriesResponse> ConfirmAsync(ConfirmDeliveriesRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("endpoint_id", request.EndpointId);
        if (request.Cursor.Length == 0)
            violations.Add("cursor", "is required");
        violations.ThrowIfAny(WebhooksErrors.Domain);
        return await database.WriteAsync(async context =>
        {
            var endpoint = await ReadEndpoints.FindAsync(context, request.EndpointId, rights, cancellationToken);
            var until = await OffsetAsync("cursor", request.Cursor, endpoint, cancellationToken);
            var found = await context.Pending(endpoint.EndpointId).Where(d => d.Offset <= until)
                .OrderBy(d => d.Offset).Take(MaxInRange).ToListAsync(cancellationToken);
            var now = time.GetUtcNow().ToMicroseconds();
            foreach (var delivery in found)
            {
                delivery.End(DeliveryState.Delivered, now);
                context.Publish(DeliveryEventKind.Delivered, delivery, now);
            }

            if (endpoint.State == EndpointState.Enabled)
                await context.SendNowAsync(endpoint, cancellationToken);
            return new ConfirmDeliveriesResponse { Endpoint = endpoint.ToMessage([]), Count = found.Count };
        }, cancellationToken);
    }

    public async Task<PingEndpointResponse> PingAsync(string endpointId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("endpoint_id", endpointId);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        return await database.WriteAsync(async context =>
        {
            var endpoint = await ReadEndpoints.FindAsync(context, endpointId, rights, cancellationToken);
            if (endpoint.State != EndpointState.Enabled)
                throw new StatusException(WebhooksErrors.Domain.FailedPrecondition("ENDPOINT_DISABLED", endpointId, "The endpoint is disabled: enable it first."));
            if (await context.Pending(endpointId).AnyAsync(d => d.EventType == EventTypes.Ping, cancellationToken))
                throw new StatusException(WebhooksErrors.Domain.QuotaExceeded("PING_PENDING", "An earlier ping of this endpoint is pending.", "endpoint", TimeSpan.FromSeconds(5)));

            var now = time.GetUtcNow().ToMicroseconds();
            var id = Message.IdOf("/webhooks", EventTypes.Ping, Guid.NewGuid().ToString(), 1);
            var message = context.Add(new Message { MessageId = id, Body = Message.Write(id, "/webhooks", EventTypes.Ping, endpointId, now, "{}"), CreateTime = now }).Entity;
            return new PingEndpointResponse { Delivery = context.AddDelivery(endpoint, message, EventTypes.Ping, endpointId, now).ToMessage() };
        }, cancellationToken);
    }

    private static FieldViolations Check(ReplayDeliveriesRequest request)
    {
        var violations = new FieldViolations();
        violations.CheckId("endpoint_id", request.EndpointId);
        if (request.DeliveryIds.Count > 0 == request.After.Length > 0)
            violations.Add("delivery_ids", "or after is required, and not both");
        if (request.Until.Length > 0 && request.After.Length == 0)
            violations.Add("until", "must be absent where there is no after");
        if (request.DeliveryIds.Count > MaxIds)
            violations.Add("delivery_ids", $"must be at most {MaxIds}");
        var ids = new HashSet<string>();
        foreach (var (i, id) in request.DeliveryIds.Take(MaxIds).Index())
        {
            violations.CheckId($"delivery_ids[{i}]", id);
            if (!ids.Add(id))
                violations.Add($"delivery_ids[{i}]", "is named before");
        }

        return violations;
    }

    private static string TopicOf(Endpoint endpoint) => DeliveryEvents.Topics.OfKey(endpoint.OwnerId);

    private async Task<IQueryable<Delivery>> BetweenAsync(WebhooksDbContext context, Endpoint endpoint, string after, string until, CancellationToken cancellationToken)
    {
        var first = await OffsetAsync("after", after, endpoint, cancellationToken);
        var last = until.Length > 0 ? await OffsetAsync("until", until, endpoint, cancellationToken) : long.MaxValue;
        return context.Deliveries.Where(d => d.EndpointId == endpoint.EndpointId && d.Offset > first && d.Offset <= last).OrderBy(d => d.Offset);
    }

    private async Task<string> EpochAsync(Endpoint endpoint, CancellationToken cancellationToken) => (await heads.ReadAsync([TopicOf(endpoint)], cancellationToken))[0].Epoch;

    private async Task<long> OffsetAsync(string field, string text, Endpoint endpoint, CancellationToken cancellationToken)
    {
        if (Cursor.TryParse(text, out var cursor) && cursor.TryGetOffset(TopicOf(endpoint), out var epoch, out var offset)
            && (offset == 0 || epoch == await EpochAsync(endpoint, cancellationToken)))
            return offset;
        var violations = new FieldViolations();
        violations.Add(field, "is no cursor of this endpoint's owner");
        throw new StatusException(WebhooksErrors.Domain.Invalid(violations));
    }
}
