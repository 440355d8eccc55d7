using System.Globalization;
using System.Text;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Lists the deliveries of an endpoint, newest first, and gets one with what it sends and its latest attempts.</summary>
internal sealed class ReadDeliveries(Database<WebhooksDbContext> database)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 500;

    /// <summary>Deliveries that the caller may see.</summary>
    public static IQueryable<Delivery> Of(WebhooksDbContext context, Rights rights) => context.Deliveries.Where(d => rights.Owner == null || d.OwnerId == rights.Owner);

    public async Task<ListDeliveriesResponse> ListAsync(ListDeliveriesRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var list = $"deliveries/{request.EndpointId}/{(int)request.State}";
        var violations = new FieldViolations();
        violations.CheckId("endpoint_id", request.EndpointId);
        if (!Enum.IsDefined(request.State))
            violations.Add("state", "must be PENDING, DELIVERED or FAILED, or unspecified for all");
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        var position = violations.PagePosition("page_token", list, request.PageToken, text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        violations.ThrowIfAny(WebhooksErrors.Domain);

        var before = position.Length > 0 ? long.Parse(position, CultureInfo.InvariantCulture) : long.MaxValue;
        var page = await database.ReadAsync(async context =>
        {
            await ReadEndpoints.FindAsync(context, request.EndpointId, rights, cancellationToken);
            var wanted = context.Deliveries.Where(d => d.EndpointId == request.EndpointId && d.Offset < before && (request.State == DeliveryState.Unspecified || d.State == request.State));
            return await wanted.OrderByDescending(d => d.Offset).ReadPageAsync(d => d.ToMessage(), size, cancellationToken);
        }, cancellationToken);

        var response = new ListDeliveriesResponse();
        response.Deliveries.AddRange(page.Items);
        if (page.More)
            response.NextPageToken = PageToken.Encode(list, page.Last!.Offset.ToString(CultureInfo.InvariantCulture));
        return response;
    }

    public async Task<GetDeliveryResponse> GetAsync(string deliveryId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("delivery_id", deliveryId);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        return await database.ReadAsync(async context =>
        {
            var delivery = await Of(context, rights).FirstOrDefaultAsync(d => d.DeliveryId == deliveryId, cancellationToken) ?? throw new StatusException(WebhooksErrors.DeliveryNotFound(deliveryId));
            var body = await context.Messages.Where(m => m.MessageId == delivery.MessageId).Select(m => m.Body).FirstOrDefaultAsync(cancellationToken) ?? [];
            var attempts = await context.DeliveryAttempts.Where(a => a.DeliveryId == deliveryId).OrderByDescending(a => a.Round).Take(DeliveryAttempt.MaxKept).ToListAsync(cancellationToken);
            var response = new GetDeliveryResponse { Delivery = delivery.ToMessage(), Payload = Encoding.UTF8.GetString(body) };
            response.Attempts.AddRange(attempts.Select(a => a.ToMessage()));
            return response;
        }, cancellationToken);
    }
}
