using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>Gets one source, and lists those of an owner.</summary>
internal sealed class ReadSources(Database<WebhooksDbContext> database, TimeProvider time)
{
    /// <summary>A source that the caller may see.</summary>
    public static async Task<Source> FindAsync(WebhooksDbContext context, string sourceId, Rights rights, CancellationToken cancellationToken) =>
        await context.Sources.FirstOrDefaultAsync(s => s.SourceId == sourceId && (rights.Owner == null || s.OwnerId == rights.Owner), cancellationToken)
        ?? throw new StatusException(WebhooksErrors.SourceNotFound(sourceId));

    public Task<V1.Source> GetAsync(string sourceId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("source_id", sourceId);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        return database.ReadAsync(async context =>
        {
            var source = await FindAsync(context, sourceId, rights, cancellationToken);
            return source.ToMessage(await Secrets.GoodAsync(context, [sourceId], time.GetUtcNow(), cancellationToken));
        }, cancellationToken);
    }

    public async Task<ListSourcesResponse> ListAsync(string ownerId, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("owner_id", ownerId);
        violations.ThrowIfAny(WebhooksErrors.Domain);
        return await database.ReadAsync(async context =>
        {
            var sources = await context.Sources.Where(s => s.OwnerId == ownerId).OrderBy(s => s.SourceId).ToListAsync(cancellationToken);
            var secrets = (await Secrets.GoodAsync(context, sources.ConvertAll(s => s.SourceId), time.GetUtcNow(), cancellationToken)).ToLookup(s => s.HolderId);
            return new ListSourcesResponse { Sources = { sources.Select(s => s.ToMessage(secrets[s.SourceId])) } };
        }, cancellationToken);
    }
}
