using Microservices.Egress;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Changes an endpoint, gives it a new secret, and deletes it.</summary>
internal sealed class ChangeEndpoint(Database<WebhooksDbContext> database, Secrets secrets, IEgress egress, TimeProvider time)
{
    public async Task<UpdateEndpointResponse> UpdateAsync(UpdateEndpointRequest request, Rights rights, CancellationToken cancellationToken)
    {
        Check(request).ThrowIfAny(WebhooksErrors.Domain);
        var now = time.GetUtcNow().ToMicroseconds();
        return await database.WriteAsync(async context =>
        {
            var endpoint = await ReadEndpoints.FindAsync(context, request.EndpointId, rights, cancellationToken);
            if (endpoint.Version != request.Version)
                throw new StatusException(WebhooksErrors.Domain.VersionMismatch(WebhooksErrors.EndpointType, endpoint.Version, request.Version));
            Apply(request, endpoint);
            if (request.HasEnabled && request.Enabled)
            {
                (endpoint.State, endpoint.StateReason, endpoint.FailingSince) = (EndpointState.Enabled, "", null);
                await context.SendNowAsync(endpoint, cancellationToken);
            }

            Touch(endpoint, now);
            return new UpdateEndpointResponse { Endpoint = await MessageAsync(context, endpoint, now, cancellationToken) };
        }, cancellationToken);
    }

    public async Task<RotateSecretResponse> RotateAsync(RotateSecretRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("endpoint_id", request.EndpointId);
        var overlap = violations.CheckOverlap("overlap", request.Overlap);
        violations.ThrowIfAny(WebhooksErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var (secret, shown) = secrets.New(request.EndpointId, now);
        return await database.WriteAsync(async context =>
        {
            var endpoint = await ReadEndpoints.FindAsync(context, request.EndpointId, rights, cancellationToken);
            var good = await Secrets.RotateAsync(context, secret, overlap, now, cancellationToken);
            Touch(endpoint, now);
            return new RotateSecretResponse { Endpoint = endpoint.ToMessage(good), Secret = shown };
        }, cancellationToken);
    }

    public async Task<DeleteEndpointResponse> DeleteAsync(string endpointId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("endpoint_id", endpointId);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        return await database.WriteAsync(async context =>
        {
            var endpoint = await ReadEndpoints.FindAsync(context, endpointId, rights, cancellationToken);
            var message = await MessageAsync(context, endpoint, time.GetUtcNow(), cancellationToken);
            // Its deliveries have no owner who could see them from now on: they are deleted some at a time, by whoever would have sent them.
            context.AddDue(endpoint.Sending());
            await context.Secrets.Where(s => s.HolderId == endpointId).ExecuteDeleteAsync(cancellationToken);
            context.Remove(endpoint);
            return new DeleteEndpointResponse { Endpoint = message };
        }, cancellationToken);
    }

    private static async Task<V1.Endpoint> MessageAsync(WebhooksDbContext context, Endpoint endpoint, DateTimeOffset now, CancellationToken cancellationToken) =>
        endpoint.ToMessage(await Secrets.GoodAsync(context, [endpoint.EndpointId], now, cancellationToken));

    private static void Touch(Endpoint endpoint, DateTimeOffset now)
    {
        endpoint.Version++;
        endpoint.UpdateTime = now;
    }

    private static void Apply(UpdateEndpointRequest request, Endpoint endpoint)
    {
        if (request.HasUrl)
            endpoint.Url = request.Url;
        if (request.HasDescription)
            endpoint.Description = request.Description;
        if (request.EventTypes is { } types)
            endpoint.EventTypes = string.Join(',', types.Types_);
        if (request.HasOrdered)
            endpoint.Ordered = request.Ordered;
        if (request.HasEnabled && !request.Enabled)
            (endpoint.State, endpoint.StateReason) = (EndpointState.Disabled, "It was disabled by hand.");
    }

    private FieldViolations Check(UpdateEndpointRequest request)
    {
        var violations = new FieldViolations();
        violations.CheckId("endpoint_id", request.EndpointId);
        if (request.Version < 1)
            violations.Add("version", "must be the version that was read, 1 or more");
        if (request.HasUrl)
            violations.CheckUrl("url", request.Url, egress);
        if (request.HasDescription)
            violations.CheckDescription("description", request.Description);
        if (request.EventTypes is { } types)
            violations.CheckEventTypes("event_types.types", types.Types_);
        if (!request.HasUrl && !request.HasDescription && request.EventTypes is null && !request.HasOrdered && !request.HasEnabled)
            violations.Add("url", "or another field to change is required");
        return violations;
    }
}
