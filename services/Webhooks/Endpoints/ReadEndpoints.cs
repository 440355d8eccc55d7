using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Gets one endpoint, and lists those of an owner.</summary>
internal sealed class ReadEndpoints(Database<WebhooksDbContext> database, TimeProvider time)
{
    /// <summary>An endpoint that the caller may see, to be changed.</summary>
    public static async Task<Endpoint> FindAsync(WebhooksDbContext context, string endpointId, Rights rights, CancellationToken cancellationToken) =>
        await context.Endpoints.FirstOrDefaultAsync(e => e.EndpointId == endpointId && (rights.Owner == null || e.OwnerId == rights.Owner), cancellationToken)
        ?? throw new StatusException(WebhooksErrors.EndpointNotFound(endpointId));

    public Task<V1.Endpoint> GetAsync(string endpointId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("endpoint_id", endpointId);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        return database.ReadAsync(async context =>
        {
            var endpoint = await FindAsync(context, endpointId, rights, cancellationToken);
            return endpoint.ToMessage(await Secrets.GoodAsync(context, [endpointId], time.GetUtcNow(), cancellationToken));
        }, cancellationToken);
    }

    public async Task<ListEndpointsResponse> ListAsync(string ownerId, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckOwner("owner_id", ownerId);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        return await database.ReadAsync(async context =>
        {
            var endpoints = await context.Endpoints.Where(e => e.OwnerId == ownerId).OrderBy(e => e.EndpointId).ToListAsync(cancellationToken);
            var secrets = (await Secrets.GoodAsync(context, endpoints.ConvertAll(e => e.EndpointId), time.GetUtcNow(), cancellationToken)).ToLookup(s => s.HolderId);
            var response = new ListEndpointsResponse();
            response.Endpoints.AddRange(endpoints.Select(e => e.ToMessage(secrets[e.EndpointId])));
            return response;
        }, cancellationToken);
    }
}
