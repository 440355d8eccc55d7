using Google.Protobuf.WellKnownTypes;
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
    private const int MaxSecrets = 3;
    private static readonly TimeSpan DefaultOverlap = TimeSpan.FromDays(1);
    private static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(7);

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
        var asked = request.Overlap ?? DefaultOverlap.ToDuration();
        if (asked is not { Seconds: >= 0, Nanos: >= 0 and < 1_000_000_000 } || asked.Seconds > MaxOverlap.TotalSeconds)
            violations.Add("overlap", $"must be 0 to {MaxOverlap.TotalDays} days");
        violations.ThrowIfAny(WebhooksErrors.Domain);
        var overlap = asked.ToTimeSpan();

        var now = time.GetUtcNow().ToMicroseconds();
        var (secret, shown) = secrets.New(request.EndpointId, now);
        return await database.WriteAsync(async context =>
        {
            var endpoint = await ReadEndpoints.FindAsync(context, request.EndpointId, rights, cancellationToken);
            await context.EndpointSecrets.Where(s => s.EndpointId == request.EndpointId && s.ExpireTime <= now).ExecuteDeleteAsync(cancellationToken);
            var old = await context.EndpointSecrets.Where(s => s.EndpointId == request.EndpointId).ToListAsync(cancellationToken);
            if (old.Count >= MaxSecrets && overlap > TimeSpan.Zero)
                throw new StatusException(WebhooksErrors.Domain.FailedPrecondition("TOO_MANY_SECRETS", request.EndpointId, $"{MaxSecrets} secrets sign already: wait until one has expired, or rotate with an overlap of 0."));
            if (overlap == TimeSpan.Zero)
                context.RemoveRange(old);
            foreach (var each in old.Where(s => s.ExpireTime is null || s.ExpireTime > now + overlap))
                each.ExpireTime = now + overlap;
            context.Add(secret);
            Touch(endpoint, now);
            return new RotateSecretResponse { Endpoint = endpoint.ToMessage([secret, .. old.Where(s => s.ExpireTime > now)]), Secret = shown };
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
            await context.EndpointSecrets.Where(s => s.EndpointId == endpointId).ExecuteDeleteAsync(cancellationToken);
            context.Remove(endpoint);
            return new DeleteEndpointResponse { Endpoint = message };
        }, cancellationToken);
    }

    private static async Task<V1.Endpoint> MessageAsync(WebhooksDbContext context, Endpoint endpoint, DateTimeOffset now, CancellationToken cancellationToken) =>
        endpoint.ToMessage(await ReadEndpoints.SecretsAsync(context, [endpoint.EndpointId], now, cancellationToken));

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
