using Microservices.Egress;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Webhooks;

/// <summary>Creates an endpoint with its first secret, once for each idempotency key.</summary>
internal sealed class CreateEndpoint(Database<WebhooksDbContext> database, Secrets secrets, IEgress egress, IOptions<WebhooksOptions> options, TimeProvider time)
{
    // As it is stored with every key: never to be changed.
    private const string Command = "CreateEndpoint";

    /// <summary>What is created before the process is ready and taken back (<see cref="Rehearsal{TContext}"/>).</summary>
    public static CreateEndpointRequest Rehearsed()
    {
        var id = Guid.NewGuid().ToString();
        return new() { OwnerId = id, Url = "https://rehearsal.example/", IdempotencyKey = id };
    }

    public async Task<CreateEndpointResponse> HandleAsync(CreateEndpointRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckOwner("owner_id", request.OwnerId);
        violations.CheckUrl("url", request.Url, egress);
        violations.CheckDescription("description", request.Description);
        violations.CheckEventTypes("event_types", request.EventTypes);
        violations.CheckIdempotencyKey("idempotency_key", request.IdempotencyKey);
        violations.ThrowIfAny(WebhooksErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var endpointId = Guid.CreateVersion7(now).ToString();
        // Outside the transaction: sealing may write a key of its own. And outside the answer, which is kept with the idempotency key.
        var (secret, shown) = secrets.New(endpointId, now);
        var withoutKey = new CreateEndpointRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(Command, rights.Caller, request.IdempotencyKey, withoutKey,
            context => CreateAsync(context, request, endpointId, secret, now, cancellationToken), now, cancellationToken);

        if (outcome == IdempotencyOutcome.KeyReused)
            throw new StatusException(WebhooksErrors.Domain.KeyReused());
        response.Replayed = outcome == IdempotencyOutcome.Replayed;
        if (!response.Replayed)
            response.Secret = shown;
        return response;
    }

    private async Task<CreateEndpointResponse> CreateAsync(
        WebhooksDbContext context, CreateEndpointRequest request, string endpointId, KeptSecret secret, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var most = request.OwnerId == Endpoint.Everyone ? options.Value.MaxEveryoneEndpoints : options.Value.MaxEndpoints;
        if (await context.Endpoints.CountAsync(e => e.OwnerId == request.OwnerId, cancellationToken) >= most)
            throw new StatusException(WebhooksErrors.Domain.QuotaExceeded("TOO_MANY_ENDPOINTS", $"{request.OwnerId} has {most} endpoints already: delete one first.", "owner", TimeSpan.FromMinutes(1)));

        var endpoint = context.Endpoints.Add(new Endpoint
        {
            EndpointId = endpointId,
            OwnerId = request.OwnerId,
            Url = request.Url,
            Description = request.Description,
            EventTypes = string.Join(',', request.EventTypes),
            Ordered = request.Ordered,
            CreateTime = now,
            UpdateTime = now,
        }).Entity;
        context.Secrets.Add(secret);
        return new CreateEndpointResponse { Endpoint = endpoint.ToMessage([secret]) };
    }
}
