using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Webhooks;

/// <summary>Creates a source, once for each idempotency key, with a secret unless only the sender can make it.</summary>
internal sealed class CreateSource(Database<WebhooksDbContext> database, Secrets secrets, IOptions<WebhooksOptions> options, TimeProvider time)
{
    // As it is stored with every key: never to be changed.
    private const string Command = "CreateSource";

    /// <summary>What is created before the process is ready and taken back (<see cref="Rehearsal{TContext}"/>).</summary>
    public static CreateSourceRequest Rehearsed()
    {
        var id = Guid.NewGuid().ToString();
        return new() { OwnerId = id, Kind = SourceKind.Standard, IdempotencyKey = id };
    }

    public async Task<CreateSourceResponse> HandleAsync(CreateSourceRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("owner_id", request.OwnerId);
        if (!Enum.IsDefined(request.Kind) || request.Kind == SourceKind.Unspecified)
            violations.Add("kind", "must be standard, github or stripe");
        else if (request.Secret.Length > 0)
            violations.CheckSecret("secret", request.Kind, request.Secret);
        violations.CheckDescription("description", request.Description);
        violations.CheckIdempotencyKey("idempotency_key", request.IdempotencyKey);
        violations.ThrowIfAny(WebhooksErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var source = new Source
        {
            SourceId = Guid.CreateVersion7(now).ToString(),
            OwnerId = request.OwnerId,
            Kind = request.Kind,
            Description = request.Description,
            CreateTime = now,
        };
        // Outside the transaction: sealing may write a key of its own. And outside the answer, which is kept with the idempotency key.
        var shown = request.Secret.Length > 0 || SourceSecrets.AreGiven(request.Kind) ? "" : SourceSecrets.New(request.Kind);
        var text = request.Secret + shown;
        KeptSecret[] kept = text.Length > 0 ? [secrets.Keep(source.SourceId, SourceSecrets.KeyOf(request.Kind, text)!, now)] : [];
        var withoutKey = new CreateSourceRequest(request) { IdempotencyKey = "" };
        var (response, outcome) = await database.WriteOnceAsync(Command, rights.Caller, request.IdempotencyKey, withoutKey,
            context => CreateAsync(context, source, kept, cancellationToken), now, cancellationToken);

        if (outcome == IdempotencyOutcome.KeyReused)
            throw new StatusException(WebhooksErrors.Domain.KeyReused());
        response.Replayed = outcome == IdempotencyOutcome.Replayed;
        if (!response.Replayed)
            response.Secret = shown;
        return response;
    }

    private async Task<CreateSourceResponse> CreateAsync(WebhooksDbContext context, Source source, KeptSecret[] kept, CancellationToken cancellationToken)
    {
        var most = options.Value.MaxSources;
        if (await context.Sources.CountAsync(s => s.OwnerId == source.OwnerId, cancellationToken) >= most)
            throw new StatusException(WebhooksErrors.Domain.QuotaExceeded("TOO_MANY_SOURCES", $"{source.OwnerId} has {most} sources already: delete one first.", "owner", TimeSpan.FromMinutes(1)));
        context.Add(source);
        context.AddRange(kept);
        return new CreateSourceResponse { Source = source.ToMessage(kept) };
    }
}
