using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Gives a source a new secret, and deletes it.</summary>
internal sealed class ChangeSource(Database<WebhooksDbContext> database, ReadSources read, Secrets secrets, TimeProvider time)
{
    private const int DeletedAtOnce = 500;

    public async Task<RotateSourceSecretResponse> RotateAsync(RotateSourceSecretRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("source_id", request.SourceId);
        var overlap = violations.CheckOverlap("overlap", request.Overlap);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        // A source is of its kind for good.
        var kind = (await read.GetAsync(request.SourceId, rights, cancellationToken)).Kind;
        if (request.Secret.Length > 0)
            violations.CheckSecret("secret", kind, request.Secret);
        else if (SourceSecrets.AreGiven(kind))
            violations.Add("secret", "is required: the sender makes it");
        violations.ThrowIfAny(WebhooksErrors.Domain);

        var now = time.GetUtcNow().ToMicroseconds();
        var shown = request.Secret.Length > 0 ? "" : SourceSecrets.New(kind);
        var secret = secrets.Keep(request.SourceId, SourceSecrets.KeyOf(kind, request.Secret + shown)!, now);
        return await database.WriteAsync(async context =>
        {
            var source = await ReadSources.FindAsync(context, request.SourceId, rights, cancellationToken);
            var good = await Secrets.RotateAsync(context, secret, overlap, now, cancellationToken);
            return new RotateSourceSecretResponse { Source = source.ToMessage(good), Secret = shown };
        }, cancellationToken);
    }

    public async Task<DeleteSourceResponse> DeleteAsync(string sourceId, Rights rights, CancellationToken cancellationToken)
    {
        var source = await read.GetAsync(sourceId, rights, cancellationToken);
        // Some at a time, so that no other write waits for long; the last of them with the source.
        while (await database.WriteAsync(context => context.Received.Where(r => r.SourceId == sourceId).OrderBy(r => r.Place).Take(DeletedAtOnce).ExecuteDeleteAsync(cancellationToken), cancellationToken) == DeletedAtOnce)
        {
        }

        return await database.WriteAsync(async context =>
        {
            context.Remove(await ReadSources.FindAsync(context, sourceId, rights, cancellationToken));
            await context.SaveChangesAsync(cancellationToken);
            await context.Received.Where(r => r.SourceId == sourceId).ExecuteDeleteAsync(cancellationToken);
            await context.Secrets.Where(s => s.HolderId == sourceId).ExecuteDeleteAsync(cancellationToken);
            return new DeleteSourceResponse { Source = source };
        }, cancellationToken);
    }
}
