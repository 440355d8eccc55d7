using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>Forgets idempotency keys past their retention.</summary>
internal sealed class IdempotencyCleaner<TContext>(
    Database<TContext> database, IOptions<PersistenceOptions> options, TimeProvider time, ILogger<IdempotencyCleaner<TContext>> logger)
    : Cleaner<TContext>(database, options.Value.IdempotencyRetention, time, logger)
    where TContext : ServiceDbContext
{
    protected override IQueryable<object> Before(TContext context, DateTimeOffset time) =>
        context.IdempotencyRecords.Where(r => r.CreatedAt < time).OrderBy(r => r.CreatedAt);
}
